package io.annulet.backend.control;

import io.annulet.backend.data.CallPolicy;
import io.annulet.backend.data.Steering;
import io.annulet.backend.offload.FlowHash;
import io.annulet.backend.offload.Toeplitz;
import io.annulet.vhostuser.NetControl;
import io.annulet.vhostuser.VirtioFeature;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * The commands about a device's queues: what steers frames to them, when the driver is called for them, what they have
 * counted; owned by the control thread. VIRTIO 1.4, "Network Device, Control Virtqueue".
 */
final class QueueCommands {

    private static final long MAX_MICROS = CallPolicy.MAX_MICROS;
    private static final int RX_KINDS = 1 << NetControl.STATS_RX_BASIC;
    private static final int TX_KINDS = 1 << NetControl.STATS_TX_BASIC;
    private static final long CVQ_KINDS = 1L << NetControl.STATS_CVQ;
    private static final int RESERVED_BIT = 0x8000;

    private final Device device;
    private final NetState state;
    private final CommandTable table;

    /** Adds its commands to a table. */
    QueueCommands(Device device, CommandTable table) {
        this.device = device;
        this.state = device.net;
        this.table = table;
        table.on(NetControl.MQ, NetControl.MQ_RSS_CONFIG, VirtioFeature.NET_RSS, this::configureSteering);
        table.on(NetControl.MQ, NetControl.MQ_HASH_CONFIG, VirtioFeature.NET_HASH_REPORT, this::configureHash);
        table.on(
                NetControl.NOTF_COAL,
                NetControl.NOTF_COAL_TX_SET,
                VirtioFeature.NET_NOTF_COAL,
                command -> coalesceAll(command, 1));
        table.on(
                NetControl.NOTF_COAL,
                NetControl.NOTF_COAL_RX_SET,
                VirtioFeature.NET_NOTF_COAL,
                command -> coalesceAll(command, 0));
        table.on(NetControl.NOTF_COAL, NetControl.NOTF_COAL_VQ_SET, VirtioFeature.NET_VQ_NOTF_COAL, this::coalesceOne);
        table.on(
                NetControl.NOTF_COAL,
                NetControl.NOTF_COAL_VQ_GET,
                VirtioFeature.NET_VQ_NOTF_COAL,
                this::tellCoalescing);
        table.on(NetControl.STATS, NetControl.STATS_QUERY, VirtioFeature.NET_DEVICE_STATS, this::tellKinds);
        table.on(NetControl.STATS, NetControl.STATS_GET, VirtioFeature.NET_DEVICE_STATS, this::tellStats);
    }

    // Steering.

    private Answer configureSteering(Command command) {
        int types = types(command);
        int mask = command.u16(NetControl.RSS_TABLE_MASK);
        if (mask >= device.limits.steeringEntries() || Integer.bitCount(mask + 1) != 1) {
            throw new CommandFault("a table of " + (mask + 1));
        }
        int otherwise = pair(command, NetControl.RSS_UNCLASSIFIED);
        int[] pairs = new int[mask + 1];
        for (int i = 0; i < pairs.length; i++) {
            pairs[i] = pair(command, NetControl.RSS_TABLE + Short.BYTES * i);
        }
        int behind = NetControl.RSS_TABLE + Short.BYTES * pairs.length;
        int lastToSendOn = command.u16(behind);
        if (lastToSendOn < 1 || lastToSendOn > device.options.queuePairs()) {
            throw new CommandFault(lastToSendOn + " transmit queues of " + device.options.queuePairs());
        }
        byte[] key = key(command, behind + Short.BYTES, types);
        state.steering = Steering.byTable(types, new Toeplitz(key), pairs, otherwise);
        return table.deliverSo();
    }

    private Answer configureHash(Command command) {
        int types = types(command);
        byte[] key = key(command, NetControl.HASH_KEY, types);
        state.steering = Steering.hashOnly(types, new Toeplitz(key));
        return table.deliverSo();
    }

    private static int types(Command command) {
        long types = command.u32(NetControl.RSS_TYPES);
        if ((types & ~FlowHash.TYPES) != 0) {
            throw new CommandFault(String.format("hash types 0x%x", types));
        }
        return (int) types;
    }

    /** A receive queue by bits 1 to 15 of its number. */
    private int pair(Command command, int offset) {
        int id = command.u16(offset);
        if ((id & RESERVED_BIT) != 0 || id >= device.options.queuePairs()) {
            throw new CommandFault("receive queue " + id + " of " + device.options.queuePairs());
        }
        return id;
    }

    /** Its length in one byte, and so many bytes, at the end of the command. */
    private static byte[] key(Command command, int at, int types) {
        int byteLength = command.u8(at);
        if (byteLength > Toeplitz.MAX_KEY_BYTES || (byteLength == 0 && types != 0)) {
            throw new CommandFault("a key of " + byteLength + " bytes");
        }
        command.checkByteLength(at + 1 + byteLength);
        return command.bytes(at + 1, byteLength);
    }

    // Calls.

    private static NetState.Coalescing coalescing(Command command, int at) {
        long frames = command.u32(at);
        long micros = command.u32(at + Integer.BYTES);
        if (micros > MAX_MICROS) {
            throw new CommandFault("calls put off for " + TimeUnit.MICROSECONDS.toSeconds(micros) + " s");
        }
        return new NetState.Coalescing(frames, micros);
    }

    private Answer coalesceAll(Command command, int first) {
        command.checkByteLength(NetControl.COAL_BYTES);
        NetState.Coalescing said = coalescing(command, 0);
        int queues = 2 * device.options.queuePairs();
        AtomicInteger left = new AtomicInteger(device.options.queuePairs());
        for (int queue = first; queue < queues; queue += 2) {
            state.coalescing.put(queue, said);
        }
        return Answer.afterWorker(done -> {
            for (int queue = first; queue < queues; queue += 2) {
                device.port.changeCalls(queue, said.policy(), () -> {
                    if (left.decrementAndGet() == 0) {
                        done.run();
                    }
                });
            }
        });
    }

    private Answer coalesceOne(Command command) {
        command.checkByteLength(2 * Short.BYTES + NetControl.COAL_BYTES);
        int queue = queue(command, 0);
        NetState.Coalescing said = coalescing(command, 2 * Short.BYTES);
        state.coalescing.put(queue, said);
        return Answer.afterWorker(done -> device.port.changeCalls(queue, said.policy(), done));
    }

    /** What the driver sent, with what is in force behind the number. */
    private Answer tellCoalescing(Command command) {
        int queue = queue(command, 0);
        NetState.Coalescing said = state.coalescing.get(queue);
        ByteBuffer result =
                ByteBuffer.allocate(2 * Short.BYTES + NetControl.COAL_BYTES).order(ByteOrder.LITTLE_ENDIAN);
        result.putShort((short) queue).putShort((short) 0);
        result.putInt(said == null ? ownFrames() : (int) said.frames());
        result.putInt(said == null ? ownMicros() : (int) said.micros());
        return new Answer.Result(result.flip());
    }

    private int ownFrames() {
        return device.options.calls().equals(CallPolicy.OFF)
                ? 0
                : device.options.calls().frames();
    }

    private int ownMicros() {
        return (int) TimeUnit.NANOSECONDS.toMicros(device.options.calls().nanos());
    }

    private int queue(Command command, int offset) {
        int queue = command.u16(offset);
        if (queue >= 2 * device.options.queuePairs()) {
            throw new CommandFault("queue " + queue + " of " + 2 * device.options.queuePairs());
        }
        return queue;
    }

    // Statistics.

    private Answer tellKinds(Command command) {
        command.checkByteLength(0);
        ByteBuffer result = ByteBuffer.allocate(Long.BYTES).order(ByteOrder.LITTLE_ENDIAN);
        return new Answer.Result(result.putLong(RX_KINDS | TX_KINDS | CVQ_KINDS).flip());
    }

    private Answer tellStats(Command command) {
        int requests = command.dataByteLength() / NetControl.STATS_REQUEST_BYTES;
        command.checkByteLength(requests * NetControl.STATS_REQUEST_BYTES);
        if (requests == 0 || requests > 2 * device.options.queuePairs() + 1) {
            throw new CommandFault("statistics of " + requests + " queues");
        }
        StatsReport report = new StatsReport(state);
        for (int i = 0; i < requests; i++) {
            int queue = command.u16(i * NetControl.STATS_REQUEST_BYTES);
            long kinds = command.u64(i * NetControl.STATS_REQUEST_BYTES + NetControl.STATS_REQUEST_KINDS);
            if (kinds == 0 || (kinds & ~kindsOf(queue)) != 0) {
                throw new CommandFault(String.format("statistics 0x%x of queue %d", kinds, queue));
            }
            report.ask(queue);
        }
        return Answer.afterWorker(done -> report.collect(device.port, done), () -> new Answer.Result(report.bytes()));
    }

    /** Each queue has one kind. */
    private long kindsOf(int queue) {
        if (queue == state.controlIndex()) {
            return CVQ_KINDS;
        }
        if (queue >= 2 * device.options.queuePairs()) {
            throw new CommandFault("statistics of queue " + queue);
        }
        return queue % 2 == 0 ? RX_KINDS : TX_KINDS;
    }
}
