package io.annulet.fuzz;

import io.annulet.memory.GuestMemory;
import io.annulet.memory.HostMemory;
import io.annulet.vring.ChainBurst;
import io.annulet.vring.DeviceHalf;
import io.annulet.vring.PackedRing;
import io.annulet.vring.RingFeatures;
import io.annulet.vring.SplitRing;

/**
 * A ring that is overwritten while it is read, at each fetch: whatever the device makes of it, its segments are guest
 * memory, its sums are those of its segments, and it writes nothing but used elements. Owned by one thread.
 */
public final class OverwrittenRingTarget implements Target {

    private static final int MOST_SIZE = 32;
    private static final int AVAIL = 1024;
    private static final int USED = 1280;
    private static final int CHAINS = 16;

    private final GuestWorld world;
    private final HookedMemory.Hook driver;
    private final GuestMemory memory;
    private final HostileDescriptors descriptors;
    private final ChainBurst burst = new ChainBurst(CHAINS, 48);
    private final long ring;

    /** @param driver runs after each fetch */
    public OverwrittenRingTarget(GuestWorld world, HookedMemory.Hook driver) {
        this.world = world;
        this.driver = driver;
        memory = WorldMemory.of(world);
        descriptors = new HostileDescriptors(world);
        ring = world.hostAddress(GuestWorld.RINGS);
    }

    @Override
    public long run(Input input) {
        world.reset();
        int kind = input.octet();
        boolean packed = (kind & 1) != 0;
        int size = packed ? 1 + input.below(MOST_SIZE) : 1 << input.below(6);
        descriptors.writeTables(input, packed);
        int flags = packed ? 1 << 7 : 0;
        for (int i = 0; i < size; i++) {
            int next = input.octet();
            descriptors.writeDescriptor(input, ring + 16L * i, next < 240 ? (i + 1) % size : next, packed, flags);
            HostMemory.storeShort(ring + AVAIL + 4 + 2L * i, packed ? 0 : input.below(size));
        }
        HostMemory.storeShort(ring + AVAIL + 2, packed ? 0 : size);
        DeviceHalf half = half(packed, size, kind);
        world.seal();
        long shape = 0;
        for (int i = 0; i < 2; i++) {
            shape = shape * 64 + take(half, packed ? -1 : size);
        }
        world.restore(ring, packed ? 16 * size : 0);
        world.restore(ring + USED, (int) SplitRing.usedBytes(MOST_SIZE));
        world.assertUnchanged();
        return shape * 16 + half.fault().ordinal();
    }

    private DeviceHalf half(boolean packed, int size, int kind) {
        RingFeatures features = new RingFeatures(false, (kind & 2) != 0);
        return packed
                ? DeviceHalf.of(new PackedRing(ring, ring + AVAIL, ring + USED, size), memory, features, 0x8000)
                : DeviceHalf.of(new SplitRing(ring, ring + AVAIL, ring + USED, size), memory, features, 0);
    }

    private long take(DeviceHalf half, int size) {
        burst.clear();
        HookedMemory.hook(driver);
        int taken = half.take(burst, CHAINS);
        HookedMemory.hook(HookedMemory.Hook.NONE);
        long shape = Math.max(0, taken);
        for (int chain = 0; chain < taken; chain++) {
            long bytes = 0;
            for (int i = burst.firstSegment(chain); i < burst.endSegment(chain); i++) {
                if (!world.holds(burst.segmentAddress(i), burst.segmentByteLength(i))) {
                    throw new AssertionError("a segment outside of guest memory");
                }
                bytes += burst.segmentByteLength(i);
            }
            BurstCheck.same(
                    "bytes of a chain", bytes, burst.readableByteLength(chain) + burst.writableByteLength(chain));
            if (size >= 0 && burst.head(chain) >= size) {
                throw new AssertionError("a head out of range");
            }
            half.giveBack(burst.head(chain), 0);
            shape |= 64L << burst.fault(chain).ordinal();
        }
        half.showUsed();
        return shape;
    }
}
