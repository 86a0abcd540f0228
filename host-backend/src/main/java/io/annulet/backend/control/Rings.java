package io.annulet.backend.control;

import io.annulet.backend.data.CallPolicy;
import io.annulet.backend.data.NetHeader;
import io.annulet.backend.data.QueueSetup;
import io.annulet.backend.data.WriteLog;
import io.annulet.backend.offload.Offload;
import io.annulet.linux.EventFd;
import io.annulet.vhostuser.VirtioFeature;
import io.annulet.vring.RingFeatures;
import io.annulet.vring.Vring;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** Starts, stops and moves the rings of a device with its worker; owned by the control thread. */
final class Rings {

    private final Device device;
    private final RingNotes notes;

    Rings(Device device) {
        this.device = device;
        this.notes = new RingNotes(device);
    }

    RingNotes notes() {
        return notes;
    }

    /** Hands a stopped ring to the worker, which polls it at once. */
    Answer start(VringConfig vring) {
        QueueSetup setup = device.records.onStart(notes.on(setup(vring, device.memory())), device.memory());
        vring.base = setup.base();
        if (setup.isNotedEarlier()) {
            device.onLeftBehind();
        }
        vring.start();
        device.saved = List.of();
        return Answer.afterWorker(done -> device.port.openQueue(setup, done));
    }

    /** Hands rings that are started to their workers again, each where it was left; {@code done} once all have them. */
    void goOn(Runnable done) {
        List<QueueSetup> setups = device.startedVrings().stream()
                .filter(vring -> !vring.isBroken())
                .map(vring -> device.records.onGoOn(notes.on(setup(vring, device.memory())), device.memory()))
                .toList();
        Runnable oneDone = Countdown.of(setups.size(), done);
        setups.forEach(setup -> device.port.openQueue(setup, oneDone));
    }

    /** Likewise those that another process has worked meanwhile, which died. */
    void recover(Runnable done) {
        List<QueueSetup> setups = new ArrayList<>();
        for (VringConfig vring : device.startedVrings()) {
            if (!vring.isBroken()) {
                MemoryTable memory = device.memory();
                RingLayout layout = RingLayout.of(device.negotiation.features());
                vring.base = layout.left(setup(vring, memory).ring(), vring.base, memory);
                QueueSetup setup = device.records.onStart(notes.on(setup(vring, memory)), memory);
                vring.base = setup.base();
                setups.add(setup);
            }
        }
        Runnable oneDone = Countdown.of(setups.size(), done);
        setups.forEach(setup -> device.port.openQueue(setup, oneDone));
    }

    /** Takes all rings from their workers, though they stay started; {@code done} once it is known where each is left. */
    void leave(ControlLoop loop, Runnable done) {
        List<VringConfig> started = device.startedVrings();
        Runnable oneDone = Countdown.of(started.size(), () -> loop.execute(done));
        for (VringConfig vring : started) {
            device.port.closeQueue(vring.index(), next -> {
                if (next >= 0) {
                    vring.base = (int) next; // read by the control thread once all are counted down
                }
                oneDone.run();
            });
        }
    }

    /** Takes a ring from the worker, if it has it, and goes on with {@code then} once the worker has left it. */
    Answer stop(VringConfig vring, Supplier<Answer> then) {
        if (!vring.isStarted()) {
            return then.get();
        }
        vring.stop();
        device.records.onStop(vring.index());
        return Answer.afterWorker(
                done -> device.port.closeQueue(vring.index(), next -> {
                    // -1 if the worker had to leave the ring before: then the base stays as it was.
                    if (next >= 0) {
                        vring.base = (int) next;
                    }
                    done.run();
                }),
                () -> {
                    notes.onStop(vring.index());
                    return then.get();
                });
    }

    /** Has all running rings go on as they are set up now, which is different in memory or log only. */
    Answer refresh(Supplier<Answer> then) {
        List<QueueSetup> changed = device.startedVrings().stream()
                .map(vring -> setup(vring, device.memory()))
                .toList();
        return changed.isEmpty()
                ? then.get()
                : Answer.afterWorker(done -> device.port.replaceMemory(changed, done), then);
    }

    /** Stops all rings at once. */
    Answer stopAll(Supplier<Answer> then) {
        if (device.startedVrings().isEmpty()) {
            return then.get();
        }
        List<VringConfig> started = device.startedVrings();
        for (VringConfig vring : started) {
            vring.stop();
            device.records.onStop(vring.index());
        }
        return Answer.afterWorker(done -> device.port.closeAllQueues(done), () -> {
            started.forEach(vring -> notes.onStop(vring.index()));
            return then.get();
        });
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
        QueueSetup.Kind kind = kind(vring.index());
        RingLayout layout = RingLayout.of(features);
        Vring ring = layout.in(memory.memory(), addresses, vring.size);
        return new QueueSetup(
                        vring.index(),
                        kind,
                        ring,
                        memory.memory(),
                        RingFeatures.of(features),
                        NetHeader.byteLength(features),
                        (features & VirtioFeature.NET_MRG_RXBUF) != 0,
                        kind == QueueSetup.Kind.RECEIVE ? Offload.acceptedWith(features) : Offload.usableWith(features),
                        layout.resume(ring, vring.base, memory),
                        vring.isEnableWished(),
                        vring.kick,
                        vring.call,
                        vring.error,
                        kind == QueueSetup.Kind.CONTROL ? CallPolicy.OFF : device.net.calls(vring.index()))
                .promised((features & VirtioFeature.NET_MTU) == 0 ? 0 : device.mtuOfGuest())
                .logged(writeLog(ring, memory, addresses));
    }

    /** What a ring is for depends on what was agreed on, since the control queue is the one behind the last pair. */
    private QueueSetup.Kind kind(int index) {
        if (device.net.hasControlQueue() && index == device.net.controlIndex()) {
            return QueueSetup.Kind.CONTROL;
        }
        if (index >= 2 * device.options.queuePairs()) {
            throw new MessageFault("vring " + index + " is no queue: there is no control queue by these features");
        }
        return (index & 1) == 0 ? QueueSetup.Kind.RECEIVE : QueueSetup.Kind.TRANSMIT;
    }

    /** Null unless writes are logged. */
    private @Nullable WriteLog writeLog(Vring ring, MemoryTable memory, VringAddresses addresses) {
        LogMapping log = device.log();
        if (log == null || (device.negotiation.features() & VirtioFeature.LOG_ALL) == 0) {
            return null;
        }
        return new WriteLog(log.in(memory.memory()), ring, addresses.isLogged() ? addresses.log() : WriteLog.NO_RING);
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
        device.records.onEnable(vring.index(), enabled);
        return vring.isStarted()
                ? Answer.afterWorker(done -> device.port.enableQueue(vring.index(), enabled, done))
                : Answer.DONE;
    }
}
