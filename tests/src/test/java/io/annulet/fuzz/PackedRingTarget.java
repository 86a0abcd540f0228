package io.annulet.fuzz;

import io.annulet.memory.GuestMemory;
import io.annulet.memory.HostMemory;
import io.annulet.vring.ChainBurst;
import io.annulet.vring.PackedDeviceHalf;
import io.annulet.vring.PackedRing;
import io.annulet.vring.RingFeatures;

/**
 * A packed ring written by a hostile driver, several bursts of it, compared chain by chain with {@link PackedModel}. Owned
 * by one thread.
 */
public final class PackedRingTarget implements Target {

    private static final int MOST_SIZE = 40;
    private static final int DRIVER_AREA = 1024;
    private static final int DEVICE_AREA = 1028;
    private static final int CHAINS = 16;
    private static final int SEGMENTS = 48;

    private final GuestWorld world = new GuestWorld();
    private final PackedModel model;
    private final GuestMemory memory;
    private final HostileDescriptors descriptors;
    private final ChainBurst burst = new ChainBurst(CHAINS, SEGMENTS);
    private final ModelBurst expected;
    private final Borrowed borrowed = new Borrowed();
    private final long[] shownAddresses = new long[MOST_SIZE];
    private final long[] shownWords = new long[MOST_SIZE];
    private final long ring;
    private int size;
    private int offered;
    private boolean wrap;

    public PackedRingTarget() {
        model = new PackedModel(world);
        memory = WorldMemory.of(world);
        descriptors = new HostileDescriptors(world);
        expected = new ModelBurst(world, CHAINS, SEGMENTS);
        ring = world.hostAddress(GuestWorld.RINGS);
    }

    @Override
    public long run(Input input) {
        world.reset();
        size = 1 + input.below(input.oneIn(8) ? MOST_SIZE : 12);
        int features = input.octet();
        boolean indirect = (features & 7) != 0;
        boolean eventIndex = (features & 8) != 0;
        wrap = (features & 16) != 0;
        offered = (features & 96) == 0 ? input.below(size) : 0;
        descriptors.writeTables(input, true);
        borrowed.clear();
        PackedDeviceHalf half = new PackedDeviceHalf(
                new PackedRing(ring, ring + DRIVER_AREA, ring + DEVICE_AREA, size),
                memory,
                new RingFeatures(eventIndex, indirect),
                offered | (wrap ? 0x8000 : 0));
        model.begin(ring, size, indirect, offered, wrap);
        long shape = 0;
        for (int rounds = 1 + input.below(4); rounds > 0; rounds--) {
            offer(input);
            world.seal();
            shape = shape << 4 ^ take(half, 1 + input.below(CHAINS));
            act(half, input);
            world.restore(ring, (int) PackedRing.descriptorRingBytes(size));
            world.restore(ring + DEVICE_AREA, PackedRing.EVENT_AREA_BYTES);
            world.assertUnchanged();
        }
        return shape * 16 + model.fault.ordinal();
    }

    /** The driver makes descriptors available where it stands, and some that are wrong anywhere. */
    private void offer(Input input) {
        int more = input.below(size + 1);
        for (int i = 0; i < more; i++) {
            int kind = input.octet();
            int flags = wrap ? 1 << 7 : 1 << 15;
            int slot = offered;
            if (kind >= 248) {
                flags = input.pair() & (1 << 7 | 1 << 15);
                slot = input.below(size);
            }
            int id = kind < 240 ? slot : input.pair();
            descriptors.writeDescriptor(input, ring + 16L * slot, id, true, flags);
            wrap ^= offered + 1 == size;
            offered = (offered + 1) % size;
        }
        HostMemory.storeShort(ring + DRIVER_AREA, input.pair());
        HostMemory.storeShort(ring + DRIVER_AREA + 2, input.octet() & 3);
    }

    private long take(PackedDeviceHalf half, int max) {
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

    private void act(PackedDeviceHalf half, Input input) {
        int kind = input.octet();
        int back = 0;
        if (kind < 32) {
            int count = input.below(borrowed.count() + 1);
            half.untake(count);
            model.untake(count);
            borrowed.removeLast(count);
        } else if (kind >= 240) {
            half.abandon();
            model.untake(borrowed.count());
            borrowed.clear();
        } else {
            back = kind < 128 ? borrowed.count() : input.below(borrowed.count() + 1);
            for (int i = 0; i < back; i++) {
                int id = borrowed.removeFirst();
                shownAddresses[i] = model.usedAddress();
                shownWords[i] = model.usedWord(id, kind);
                half.giveBack(id, kind);
                model.giveBack();
            }
        }
        BurstCheck.same("shown", back > 0 ? 1 : 0, half.showUsed() ? 1 : 0);
        for (int i = 0; i < back; i++) {
            BurstCheck.same("used element", shownWords[i], HostMemory.loadLong(shownAddresses[i]));
        }
        if (back > 0) {
            half.wantsCall();
        }
        if ((kind & 1) != 0 && half.requestKicks()) {
            half.suppressKicks();
        }
    }
}
