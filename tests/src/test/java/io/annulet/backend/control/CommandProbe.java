package io.annulet.backend.control;

import io.annulet.backend.data.PortProxy;
import io.annulet.backend.data.ReceiveRules;
import io.annulet.backend.data.Worker;
import io.annulet.backend.data.WorkerProxy;
import io.annulet.backend.port.GuestPort;
import io.annulet.backend.port.PortListener;
import io.annulet.backend.stats.PortCounters;
import io.annulet.vhostuser.NetControl;
import io.annulet.vring.RingFault;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.List;
import org.agrona.concurrent.UnsafeBuffer;
import org.agrona.concurrent.status.CountersManager;
import org.jspecify.annotations.Nullable;

/** The commands of a device's control queue as the production code serves them, without a session; used by one thread. */
public final class CommandProbe {

    private static final PortListener SILENT = new PortListener() {
        @Override
        public void onRingBroken(int queueIndex, RingFault fault) {}

        @Override
        public void onMemoryLost(int epoch) {}
    };

    private final Worker worker = new Worker("probe", 256);
    private final Device device;
    private final CommandTable table;

    public CommandProbe(int queuePairs) {
        CountersManager counters = new CountersManager(
                new UnsafeBuffer(ByteBuffer.allocateDirect(1 << 18)),
                new UnsafeBuffer(ByteBuffer.allocateDirect(1 << 16)));
        VhostUserOptions options = VhostUserOptions.server("probe", Path.of("probe"))
                .withQueuePairs(queuePairs)
                .withGenericProfile(DeviceConfig.UNSAID);
        GuestPort port =
                new GuestPort("probe", queuePairs, 0, List.of(new PortCounters(counters, "probe")), SILENT, () -> true);
        device = new Device(options, new PortProxy(port, List.of(new WorkerProxy(worker))), RingRecords.none());
        table = new CommandTable(device);
        worker.onStart();
    }

    /** What the device offers a driver. */
    public long offered() {
        return Offer.features(device.options);
    }

    /** A driver begins, and has agreed on features. */
    public void restart(long features) {
        device.negotiation.acknowledge(features);
        device.net.restart(features);
    }

    /** The answer, ack first, or null if the command is refused. */
    public byte @Nullable [] serve(byte[] command) {
        Answer answer;
        try {
            answer = table.handle(new Command(command));
        } catch (CommandFault refused) {
            return null;
        }
        if (answer instanceof Answer.Pending pending) {
            boolean[] done = {false};
            pending.command().accept(() -> done[0] = true);
            worker.doWork();
            if (!done[0]) {
                throw new AssertionError("the worker did not answer");
            }
            answer = pending.then().get();
        }
        return switch (answer) {
            case Answer.Done done -> new byte[] {NetControl.OK};
            case Answer.Result result -> {
                byte[] bytes = new byte[1 + result.bytes().remaining()];
                bytes[0] = NetControl.OK;
                result.bytes().get(bytes, 1, bytes.length - 1);
                yield bytes;
            }
            default -> throw new AssertionError("no answer to a command: " + answer);
        };
    }

    /** How frames would be delivered now. */
    public ReceiveRules rules() {
        return device.net.rules();
    }

    /** The address of the guest, six bytes in memory order. */
    public long mac() {
        return device.net.mac;
    }

    public int vlans() {
        return device.net.vlans.cardinality();
    }

    public int queuePairs() {
        return device.net.queuePairs;
    }

    public long guestOffloads() {
        return device.net.guestOffloads;
    }

    /** Addresses that are told apart, of both kinds. */
    public int addresses() {
        return device.net.unicast.length + device.net.groups.length;
    }
}
