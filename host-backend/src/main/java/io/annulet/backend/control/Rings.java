package io.annulet.backend.control;

import io.annulet.backend.data.NetHeader;
import io.annulet.backend.data.QueueSetup;
import io.annulet.backend.offload.Offload;
import io.annulet.linux.EventFd;
import io.annulet.vhostuser.VirtioFeature;
import io.annulet.vring.RingFeatures;
import io.annulet.vring.Vring;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** Starts, stops and moves the rings of a device with its worker; owned by the control thread. */
final class Rings {

    private final Device device;

    Rings(Device device) {
        this.device = device;
    }

    /** Hands a stopped ring to the worker, which polls it at once. */
    Answer start(VringConfig vring) {
        QueueSetup setup = setup(vring, device.memory());
        vring.base = setup.base();
        vring.start();
        return Answer.afterWorker(done -> device.port.openQueue(setup, done));
    }

    /** Takes a ring from the worker, if it has it, and goes on with {@code then} once the worker has left it. */
    Answer stop(VringConfig vring, Supplier<Answer> then) {
        if (!vring.isStarted()) {
            return then.get();
        }
        vring.stop();
        return Answer.afterWorker(
                done -> device.port.closeQueue(vring.index(), next -> {
                    // -1 if the worker had to leave the ring before: then the base stays as it was.
                    if (next >= 0) {
                        vring.base = (int) next;
                    }
                    done.run();
                }),
                then);
    }

    /** Stops all rings at once. */
    Answer stopAll(Supplier<Answer> then) {
        if (device.startedVrings().isEmpty()) {
            return then.get();
        }
        device.startedVrings().forEach(VringConfig::stop);
        return Answer.afterWorker(done -> device.port.closeAllQueues(done), then);
    }

    /** Everything the worker needs to know of a ring; refused unless all of it is there and right. */
    QueueSetup setup(VringConfig vring, MemoryTable memory) {
        VringAddresses addresses = vring.addresses;
        if (vring.size == 0 || addresses == null) {
            throw new MessageFault("vring " + vring.index() + " is started before its size and addresses are set");
        }
        return setup(vring, memory, addresses);
    }

    private QueueSetup setup(VringConfig vring, MemoryTable memory, VringAddresses addresses) {
        long features = device.negotiation.features();
        RingLayout layout = RingLayout.of(features);
        Vring ring = layout.in(memory.memory(), addresses, vring.size);
        return new QueueSetup(
                vring.index(),
                ring,
                memory.memory(),
                RingFeatures.of(features),
                NetHeader.byteLength(features),
                (features & VirtioFeature.NET_MRG_RXBUF) != 0,
                (vring.index() & 1) == 0 ? Offload.acceptedWith(features) : Offload.usableWith(features),
                layout.resume(ring, vring.base, memory),
                vring.isEnableWished(),
                vring.kick,
                vring.call,
                vring.error,
                device.options.calls());
    }

    /** Tells the worker of a changed call descriptor; the old one is closed when the worker has let go of it. */
    Answer replaceCall(VringConfig vring, @Nullable EventFd call) {
        device.retired.add(vring.call);
        vring.call = call;
        return vring.isStarted()
                ? Answer.afterWorker(done -> device.port.replaceCall(vring.index(), call, done))
                : Answer.DONE;
    }

    Answer replaceError(VringConfig vring, @Nullable EventFd error) {
        device.retired.add(vring.error);
        vring.error = error;
        return vring.isStarted()
                ? Answer.afterWorker(done -> device.port.replaceError(vring.index(), error, done))
                : Answer.DONE;
    }

    Answer enable(VringConfig vring, boolean enabled) {
        vring.enable(enabled);
        return vring.isStarted()
                ? Answer.afterWorker(done -> device.port.enableQueue(vring.index(), enabled, done))
                : Answer.DONE;
    }
}
