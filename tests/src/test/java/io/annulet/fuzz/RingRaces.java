package io.annulet.fuzz;

import io.annulet.memory.GuestMemory;
import io.annulet.memory.HostMemory;
import io.annulet.vring.ChainBurst;
import io.annulet.vring.ChainFault;
import io.annulet.vring.DeviceHalf;
import io.annulet.vring.PackedRing;
import io.annulet.vring.RingFeatures;
import io.annulet.vring.SplitRing;
import java.util.List;
import java.util.stream.Stream;

/**
 * F01 to F03, F05, F06 and F09: a ring with a chain of two descriptors, an indirect one and a single one, whose fields
 * change while the device takes them. Whatever it sees, its segments are guest memory and its sums are those of its
 * segments. Owned by one thread.
 */
final class RingRaces implements Race.Scene {

    private static final int SIZE = 8;
    private static final int CHAINS = 4;
    private static final int NEXT = 1;
    private static final int INDIRECT = 4;
    private static final int AVAIL_FLAG = 1 << 7;

    private final GuestWorld world = new GuestWorld();
    private final GuestMemory memory = WorldMemory.of(world);
    private final ChainBurst burst = new ChainBurst(CHAINS, 64);
    private final long ring = world.hostAddress(GuestWorld.RINGS);
    private final long table = world.hostAddress(0);
    private final boolean packed;
    private DeviceHalf half;

    RingRaces(boolean packed) {
        this.packed = packed;
        world.reset();
        int flag = packed ? AVAIL_FLAG : 0;
        descriptor(ring, world.guestAddress(1), 64, NEXT | flag, packed ? 0 : 1);
        descriptor(ring + 16, world.guestAddress(1) + 64, 200, flag, 0);
        descriptor(ring + 32, world.guestAddress(0), 32, INDIRECT | flag, 2);
        descriptor(ring + 48, world.guestAddress(3), 1024, flag, 3);
        descriptor(table, world.guestAddress(1) + 512, 100, NEXT, 1);
        descriptor(table + 16, world.guestAddress(3), 100, 0, 0);
        HostMemory.storeShort(ring + 1024 + 2, 3);
        HostMemory.storeShort(ring + 1024 + 4, 0);
        HostMemory.storeShort(ring + 1024 + 6, 2);
        HostMemory.storeShort(ring + 1024 + 8, 3);
        if (packed) {
            HostMemory.storeLong(ring + 1024, 0);
        }
        half = fresh();
    }

    private void descriptor(long at, long address, long byteLength, int flags, int next) {
        HostMemory.storeLong(at, address);
        HostMemory.storeLong(
                at + 8,
                byteLength | (packed && at < table + 64 && at >= table ? split(flags, next) : word(flags, next)));
    }

    private long word(int flags, int next) {
        return packed ? (long) next << 32 | (long) flags << 48 : split(flags, next);
    }

    private static long split(int flags, int next) {
        return (long) flags << 32 | (long) next << 48;
    }

    private DeviceHalf fresh() {
        RingFeatures features = new RingFeatures(false, true);
        return packed
                ? DeviceHalf.of(new PackedRing(ring, ring + 1024, ring + 1028, SIZE), memory, features, 0x8000)
                : DeviceHalf.of(new SplitRing(ring, ring + 1024, ring + 1280, SIZE), memory, features, 0);
    }

    List<Race.Field> fields() {
        String layout = packed ? "packed: " : "split: ";
        long length = ring + 8;
        long flags = ring + (packed ? 14 : 12);
        long tableLength = ring + 32 + 8;
        List<Race.Field> both = List.of(
                new Race.Field(layout + "address", ring, 8, world.guestAddress(1), 0x5555_0000L),
                new Race.Field(layout + "length", length, 2, 64, 0xfff0),
                new Race.Field(layout + "length, high half", length + 2, 2, 0, 0xffff),
                new Race.Field(layout + "flags", flags, 1, NEXT | (packed ? AVAIL_FLAG : 0), INDIRECT),
                new Race.Field(layout + "next or id", packed ? ring + 12 : ring + 14, 2, packed ? 0 : 1, 0xffff),
                new Race.Field(layout + "address of a table", ring + 32, 8, world.guestAddress(0), -8),
                new Race.Field(layout + "length of a table", tableLength, 2, 32, 0xfff0),
                new Race.Field(layout + "length of a table, high half", tableLength + 2, 2, 0, 0x10),
                new Race.Field(layout + "address in a table", table, 8, world.guestAddress(1) + 512, -1),
                new Race.Field(layout + "length in a table", table + 8, 8, 100 | split(NEXT, 1), 0xffff_ffffL),
                new Race.Field(layout + "next in a table", table + 14, 2, 1, 0x7fff));
        List<Race.Field> splitOnly = List.of(
                new Race.Field(layout + "available index", ring + 1024 + 2, 2, 3, 0x8000),
                new Race.Field(layout + "available head", ring + 1024 + 6, 2, 2, 0xfffe));
        return packed ? both : Stream.concat(both.stream(), splitOnly.stream()).toList();
    }

    @Override
    public long look() {
        burst.clear();
        int taken = half.take(burst, CHAINS);
        if (taken == DeviceHalf.BROKEN) {
            long why = half.fault().ordinal();
            half = fresh();
            return -why;
        }
        long seen = taken;
        for (int chain = 0; chain < taken; chain++) {
            seen = seen * 31 + check(chain);
        }
        half.abandon();
        return seen;
    }

    private long check(int chain) {
        long sum = 0;
        for (int i = burst.firstSegment(chain); i < burst.endSegment(chain); i++) {
            if (!world.holds(burst.segmentAddress(i), burst.segmentByteLength(i))) {
                throw new AssertionError("a segment outside of guest memory");
            }
            sum += burst.segmentByteLength(i);
        }
        BurstCheck.same("bytes of a chain", sum, burst.readableByteLength(chain) + burst.writableByteLength(chain));
        if (!packed && (burst.head(chain) < 0 || burst.head(chain) >= SIZE)) {
            throw new AssertionError("a head out of range");
        }
        return burst.fault(chain) == ChainFault.NONE ? sum : -burst.fault(chain).ordinal();
    }
}
