package io.annulet.fuzz;

import io.annulet.memory.GuestMemory;
import io.annulet.memory.HostMemory;
import io.annulet.vring.ChainBurst;
import io.annulet.vring.RingFeatures;
import io.annulet.vring.SplitDeviceHalf;
import io.annulet.vring.SplitRing;

/**
 * A split ring written by a hostile driver, several bursts of it, compared chain by chain with {@link SplitModel}. Owned
 * by one thread.
 */
public final class SplitRingTarget implements Target {

    private static final int AVAIL = 1024;
    private static final int USED = 1280;
    private static final int CHAINS = 16;
    private static final int SEGMENTS = 48;

    private final GuestWorld world = new GuestWorld();
    private final SplitModel model;
    private final GuestMemory memory;
    private final HostileDescriptors descriptors;
    private final ChainBurst burst = new ChainBurst(CHAINS, SEGMENTS);
    private final ModelBurst expected;
    private final Borrowed borrowed = new Borrowed();
    private final long table;
    private final long avail;
    private final long used;
    private int size;
    private int availIndex;

    public SplitRingTarget() {
        model = new SplitModel(world);
        memory = WorldMemory.of(world);
        descriptors = new HostileDescriptors(world);
        expected = new ModelBurst(world, CHAINS, SEGMENTS);
        table = world.hostAddress(GuestWorld.RINGS);
        avail = table + AVAIL;
        used = table + USED;
    }

    @Override
    public long run(Input input) {
        world.reset();
        size = 1 << (input.below(14) >> 1);
        int features = input.octet();
        boolean indirect = (features & 7) != 0;
        boolean eventIndex = (features & 8) != 0;
        int base = (features & 16) != 0 ? -input.below(size + 1) & 0xffff : input.pair();
        descriptors.writeTables(input, false);
        for (int i = 0; i < size; i++) {
            writeDescriptor(input, i);
        }
        availIndex = base;
        borrowed.clear();
        SplitDeviceHalf half = new SplitDeviceHalf(
                new SplitRing(table, avail, used, size), memory, new RingFeatures(eventIndex, indirect), base);
        model.begin(table, avail, size, indirect, base);
        long shape = 0;
        for (int rounds = 1 + input.below(4); rounds > 0; rounds--) {
            offer(input);
            world.seal();
            shape = shape << 4 ^ take(half, 1 + input.below(CHAINS));
            act(half, input);
            world.restore(used, (int) SplitRing.usedBytes(size));
            world.assertUnchanged();
        }
        return shape * 16 + model.fault.ordinal();
    }

    private void writeDescriptor(Input input, int i) {
        int link = input.octet();
        int next = link < 200 ? i + 1 : link < 240 ? input.below(size) : input.pair();
        descriptors.writeDescriptor(input, table + 16L * i, next, false, 0);
    }

    /** The driver makes more available, and changes what the device may be looking at. */
    private void offer(Input input) {
        int kind = input.octet();
        if ((kind & 3) == 0) {
            writeDescriptor(input, input.below(size));
        }
        int more = input.below(size + 1);
        for (int i = 0; i < more; i++) {
            int head = input.octet();
            int value = head < 250 ? head % size : size + input.below(256);
            HostMemory.storeShort(avail + 4 + 2L * ((availIndex + i) % size), value);
        }
        availIndex = (kind >= 250 ? input.pair() : availIndex + more) & 0xffff;
        HostMemory.storeShort(avail + 2, availIndex);
        HostMemory.storeShort(avail, kind >>> 6 & 1);
        HostMemory.storeShort(avail + 4 + 2L * size, input.octet());
    }

    private long take(SplitDeviceHalf half, int max) {
        burst.clear();
        expected.clear();
        int taken = half.take(burst, max);
        BurstCheck.same("taken", model.take(expected, max), taken);
        BurstCheck.same("fault of the ring", model.fault.ordinal(), half.fault().ordinal());
        BurstCheck.compare(expected, burst, world);
        for (int i = 0; i < taken; i++) {
            borrowed.add(burst.head(i));
        }
        BurstCheck.same("borrowed", borrowed.count(), half.borrowed());
        return BurstCheck.shape(expected);
    }

    private void act(SplitDeviceHalf half, Input input) {
        int kind = input.octet();
        if (kind < 32) {
            int count = input.below(borrowed.count() + 1);
            half.untake(count);
            model.untake(count);
            borrowed.removeLast(count);
        } else if (kind >= 224) {
            half.abandon();
            model.abandon();
            borrowed.clear();
        } else {
            int count = kind < 128 ? borrowed.count() : input.below(borrowed.count() + 1);
            for (int i = 0; i < count; i++) {
                long element = borrowed.removeFirst() | (long) kind << 32;
                half.giveBack((int) element, kind);
                BurstCheck.same(
                        "used element", element, HostMemory.loadLong(used + 4 + 8L * ((model.used + i) % size)));
            }
            model.giveBack(count);
        }
        if ((kind & 1) != 0) {
            if (half.requestKicks()) {
                half.suppressKicks();
            }
        }
        int before = HostMemory.loadShort(used + 2);
        boolean shown = half.showUsed();
        BurstCheck.same("used index", shown ? model.used : before, HostMemory.loadShort(used + 2));
        if (shown) {
            half.wantsCall();
        }
        model.publish();
    }
}
