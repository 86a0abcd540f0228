package io.annulet.fuzz;

import io.annulet.backend.control.CommandProbe;
import io.annulet.backend.data.CallPolicy;
import io.annulet.backend.data.ControlQueue;
import io.annulet.backend.data.QueueSetup;
import io.annulet.backend.port.PortListener;
import io.annulet.backend.stats.PortCounters;
import io.annulet.memory.GuestMemory;
import io.annulet.memory.HostMemory;
import io.annulet.vhostuser.VirtioFeature;
import io.annulet.vring.ChainFault;
import io.annulet.vring.RingFault;
import io.annulet.vring.RingFeatures;
import io.annulet.vring.SplitRing;
import java.nio.ByteBuffer;
import org.agrona.concurrent.UnsafeBuffer;
import org.agrona.concurrent.status.CountersManager;
import org.jspecify.annotations.Nullable;

/**
 * A control queue written by a hostile driver: what reaches the control plane is what the chain holds, commands are done or
 * refused as {@link CommandModel} says, the answer lies where the chain has room for it, and nothing else is written. Owned
 * by one thread.
 */
public final class ControlQueueTarget implements Target {

    private static final int PAIRS = 3;
    private static final int SIZE = 16;
    private static final int AVAIL = 1024;
    private static final int USED = 1280;
    private static final int MOST_COMMAND_BYTES = 8192;
    private static final int MOST_ANSWER_BYTES = 16_384;
    private static final int COMMAND_STRIDE = 256;
    private static final int ACK_REGION = 3;

    /** Numbers next to which a bound may lie. */
    private static final int[] EDGES = {0, 1, PAIRS, PAIRS + 1, 127, 128, 4094, 4095, 4096, 0x7fff, 0x8000, 0xffff};

    private static final long OFFLOADS = VirtioFeature.NET_GUEST_CSUM
            | VirtioFeature.NET_GUEST_TSO4
            | VirtioFeature.NET_GUEST_TSO6
            | VirtioFeature.NET_GUEST_ECN
            | VirtioFeature.NET_GUEST_UFO
            | VirtioFeature.NET_GUEST_USO4
            | VirtioFeature.NET_GUEST_USO6;

    private final GuestWorld world = new GuestWorld();
    private final GuestMemory memory = WorldMemory.of(world);
    private final HostileDescriptors descriptors = new HostileDescriptors(world);
    private final SplitModel ring = new SplitModel(world);
    private final ModelBurst expected = new ModelBurst(world, 1, 2 * SIZE);
    private final CommandProbe probe = new CommandProbe(PAIRS);
    private final CommandModel commands = new CommandModel(PAIRS);
    private final long table = world.hostAddress(GuestWorld.RINGS);
    private final long avail = table + AVAIL;
    private final long used = table + USED;
    private final PortCounters counters = new PortCounters(
            new CountersManager(
                    new UnsafeBuffer(ByteBuffer.allocateDirect(1 << 18)),
                    new UnsafeBuffer(ByteBuffer.allocateDirect(1 << 16))),
            "driver");
    private byte @Nullable [] handedOver;
    private int room;
    private int faults;
    private long features;

    private final PortListener listener = new PortListener() {
        @Override
        public void onRingBroken(int queueIndex, RingFault fault) {
            faults++;
        }

        @Override
        public void onMemoryLost(int epoch) {
            throw new AssertionError("memory of this process went away");
        }

        @Override
        public void onCommand(long ticket, byte[] command, int answerRoom) {
            handedOver = command;
            room = answerRoom;
        }
    };

    @Override
    public long run(Input input) {
        world.reset();
        int base = input.pair();
        boolean indirect = input.oneIn(4);
        descriptors.writeTables(input, false);
        int chains = offer(input, base);
        features = probe.offered() & (input.oneIn(4) ? input.word() : -1);
        probe.restart(features);
        commands.restart(features, OFFLOADS);
        ControlQueue queue = new ControlQueue(
                new QueueSetup(
                        2 * PAIRS,
                        QueueSetup.Kind.CONTROL,
                        new SplitRing(table, avail, used, SIZE),
                        memory,
                        new RingFeatures(false, indirect),
                        0,
                        false,
                        0,
                        base,
                        true,
                        null,
                        null,
                        null,
                        CallPolicy.OFF),
                counters,
                listener);
        ring.begin(table, avail, SIZE, indirect, base);
        faults = 0;
        long shape = 0;
        for (int i = 0; i < chains + 1; i++) {
            world.seal();
            shape = Math.max(shape, ask(queue, i));
            world.restore(used, (int) SplitRing.usedBytes(SIZE));
            world.assertUnchanged();
        }
        assertStates();
        return shape;
    }

    /** Commands in the first two regions, each in up to three pieces with room for an answer; or anything at all. */
    private int offer(Input input, int base) {
        int chains = 1 + input.below(4);
        for (int i = 0; i < chains; i++) {
            int length = 2 + writeCommand(input, world.hostAddress(i >>> 1) + (long) (i & 1) * COMMAND_STRIDE);
            long at = world.guestAddress(i >>> 1) + (long) (i & 1) * COMMAND_STRIDE;
            int first = input.below(length + 1);
            int kind = input.octet();
            int answer = kind < 128 ? 1 + (kind & 31) : input.below(200);
            descriptor(4 * i, at, first, 1, 4 * i + 1);
            descriptor(4 * i + 1, at + first, length - first, 1, 4 * i + 2);
            descriptor(4 * i + 2, world.guestAddress(ACK_REGION) + 220L * i, answer, 3, 4 * i + 3);
            descriptor(4 * i + 3, world.guestAddress(ACK_REGION) + 220L * i + answer, kind & 1, 2, 0);
            if (kind > 200) {
                descriptors.writeDescriptor(input, table + 16L * (4 * i + input.below(4)), input.below(SIZE), false, 0);
            }
            int head = kind == 255 ? input.octet() : 4 * i;
            HostMemory.storeShort(avail + 4 + 2L * ((base + i) % SIZE), head);
        }
        HostMemory.storeShort(avail + 2, base + chains + (input.oneIn(64) ? input.pair() : 0));
        return chains;
    }

    private void descriptor(int slot, long address, int length, int flags, int next) {
        HostMemory.storeLong(table + 16L * slot, address);
        HostMemory.storeLong(table + 16L * slot + 8, length | (long) flags << 32 | (long) next << 48);
    }

    /** Most have the form of a command there is; returns how many bytes follow class and command. */
    private int writeCommand(Input input, long at) {
        int kind = input.octet();
        int commandClass = kind < 240 ? kind % 9 : kind;
        HostMemory.storeByte(at, commandClass);
        HostMemory.storeByte(at + 1, input.oneIn(8) ? input.octet() : input.octet() % 4 % (commandClass == 6 ? 4 : 3));
        int length = usualLength(commandClass, HostMemory.loadByte(at + 1), input);
        length = input.oneIn(8) ? input.below(240) : length;
        int values = input.octet();
        for (int i = 0; i < length; i++) {
            int value = values < 200 ? input.octet() & 3 : input.octet();
            HostMemory.storeByte(at + 2 + i, values < 100 && (i & 3) != 0 ? 0 : value);
        }
        for (int i = 0; i + 1 < length && values >= 232; i += 2) {
            store(at + 2 + i, EDGES[input.below(EDGES.length)], 2);
        }
        if (commandClass == 4 && HostMemory.loadByte(at + 1) > 0 && values < 220) {
            shapeSteering(input, at + 2, HostMemory.loadByte(at + 1) == 1, length);
        } else if (commandClass == 8 && values < 220) {
            shapeStatistics(input, at + 2, length);
        }
        return length;
    }

    private static int usualLength(int commandClass, int command, Input input) {
        return switch (commandClass) {
            case 0 -> 1;
            case 1 -> command == 1 ? 6 : 8 + 6 * input.below(8);
            case 2 -> 2;
            case 4 -> command == 0 ? 2 : 13 + input.below(60);
            case 5, 6 -> command < 2 ? 8 : 12;
            case 8 -> command == 0 ? 0 : 16 * input.below(8);
            default -> 0;
        };
    }

    /** So that lengths fit each other: a table of a power of two, and a key to the end. */
    private static void shapeSteering(Input input, long data, boolean hasTable, int length) {
        store(data, input.octet() & 0x3f, 4);
        int entries = hasTable ? 1 << input.below(5) : 0;
        int keyAt = hasTable ? 8 + 2 * entries + 2 : 12;
        if (hasTable && length > keyAt) {
            store(data + 4, entries - 1, 2);
            store(data + 8 + 2L * entries, 1 + input.below(PAIRS), 2);
        }
        if (length > keyAt) {
            HostMemory.storeByte(data + keyAt, length - keyAt - 1);
        }
    }

    private static void shapeStatistics(Input input, long data, int length) {
        for (int at = 0; at + 16 <= length; at += 16) {
            int queue = input.below(2 * PAIRS + 2);
            store(data + at, queue, 2);
            store(data + at + 8, queue == 2 * PAIRS ? 1L << 32 : (queue & 1) == 0 ? 1 : 1 << 16, 8);
        }
    }

    private static void store(long at, long value, int byteLength) {
        for (int i = 0; i < byteLength; i++) {
            HostMemory.storeByte(at + i, (int) (value >>> (8 * i)));
        }
    }

    private long ask(ControlQueue queue, int number) {
        expected.clear();
        handedOver = null;
        int taken = ring.take(expected, 1);
        BurstCheck.same("whether there is a command", taken > 0 ? 1 : 0, queue.ask(number) ? 1 : 0);
        BurstCheck.same("faults of the ring", taken < 0 ? 1 : 0, faults);
        if (taken <= 0) {
            return taken < 0 ? 3 : 0;
        }
        boolean hasPlace = expected.faults[0] == ChainFault.NONE && expected.writableByteLengths[0] > 0;
        long length = expected.readableByteLengths[0];
        boolean isCommand = hasPlace && length >= 2 && length <= MOST_COMMAND_BYTES;
        byte[] command = handedOver;
        BurstCheck.same("handed over", isCommand ? 1 : 0, command == null ? 0 : 1);
        long shape = 1;
        byte[] written = {};
        if (command != null) {
            written = answer(queue, number);
            shape = (written[0] << 16) + (command[0] << 4) + command[1] + 16L;
        } else if (hasPlace) {
            written = new byte[] {1};
            shape = 2;
        }
        finish(written);
        return shape;
    }

    /** Has a command served, compares, and gives the answer to the queue. */
    private byte[] answer(ControlQueue queue, int number) {
        byte[] command = handedOver;
        if (command == null) {
            throw new AssertionError("no command");
        }
        BurstCheck.same("room", Math.min(MOST_ANSWER_BYTES, expected.writableByteLengths[0]), room);
        BurstCheck.same("length of a command", expected.readableByteLengths[0], command.length);
        int at = 0;
        for (int i = expected.firstSegments[0]; i < expected.firstWritables[0]; i++) {
            for (int byteAt = 0; byteAt < expected.byteLengths[i]; byteAt++) {
                BurstCheck.same(
                        "byte of a command", HostMemory.loadByte(expected.addresses[i] + byteAt), command[at++] & 0xff);
            }
        }
        byte[] served = probe.serve(command);
        boolean done = commands.serve(command, OFFLOADS);
        BurstCheck.same("command " + command[0] + "/" + command[1] + " done", done ? 1 : 0, served == null ? 0 : 1);
        byte[] answer = served == null || served.length > room ? new byte[] {1} : served;
        if (served != null) {
            int control = (features & (VirtioFeature.NET_MQ | VirtioFeature.NET_RSS)) != 0 ? 2 * PAIRS : 2;
            BurstCheck.same("bytes of an answer", CommandModel.answerBytes(command, control), served.length);
        }
        queue.answer(number + 1000L, new byte[] {7}); // of another ticket
        queue.answer(number, answer);
        return answer;
    }

    /** The used element, and the answer unless it lies where the ring does; then all is put back. */
    private void finish(byte[] written) {
        long element = HostMemory.loadLong(used + 4 + 8L * (ring.used % SIZE));
        boolean overRing = false;
        int at = 0;
        for (int i = expected.firstWritables[0]; i < expected.endSegments[0] && at < written.length; i++) {
            long address = expected.addresses[i];
            int here = Math.min(expected.byteLengths[i], written.length - at);
            overRing |= address + here > table && address < table + world.byteLength(GuestWorld.RINGS);
            for (int k = 0; k < here && !overRing; k++) {
                BurstCheck.same("byte of an answer", written[at + k] & 0xff, HostMemory.loadByte(address + k));
            }
            at += here;
        }
        if (!overRing) {
            BurstCheck.same("used element", expected.heads[0] | (long) written.length << 32, element);
        }
        at = 0;
        for (int i = expected.firstWritables[0]; i < expected.endSegments[0] && at < written.length; i++) {
            int here = Math.min(expected.byteLengths[i], written.length - at);
            world.restore(expected.addresses[i], here);
            at += here;
        }
        ring.giveBack(1);
        ring.publish();
    }

    private void assertStates() {
        BurstCheck.same("address", commands.mac, probe.mac());
        BurstCheck.same("VLANs", commands.vlans.cardinality(), probe.vlans());
        BurstCheck.same("queue pairs", commands.queuePairs, probe.queuePairs());
        BurstCheck.same("offloads", commands.guestOffloads, probe.guestOffloads());
        BurstCheck.same("addresses", commands.unicast + (long) commands.groups, probe.addresses());
        probe.rules();
    }
}
