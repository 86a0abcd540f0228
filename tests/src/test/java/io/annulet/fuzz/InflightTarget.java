package io.annulet.fuzz;

import io.annulet.memory.GuestMemory;
import io.annulet.memory.HostMemory;
import io.annulet.memory.Region;
import io.annulet.vring.ChainBurst;
import io.annulet.vring.DeviceHalf;
import io.annulet.vring.InflightChains;
import io.annulet.vring.InflightException;
import io.annulet.vring.InflightLayout;
import io.annulet.vring.InflightRegion;
import io.annulet.vring.PackedPosition;
import io.annulet.vring.PackedRing;
import io.annulet.vring.RingFault;
import io.annulet.vring.RingFeatures;
import io.annulet.vring.SplitRing;
import io.annulet.vring.Vring;
import java.lang.foreign.Arena;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Any bytes in in-flight memory: what is read of them is what {@link InflightModel} reads; a ring that goes on with them
 * takes those chains first, as many and no others; and nothing beside the region is written. Owned by one thread.
 */
public final class InflightTarget implements Target {

    private static final int SPLIT_SIZE = 4;
    private static final int PACKED_SIZE = 5;
    private static final int GUARD_BYTES = 64;
    private static final int GUARD = 0xa5;
    private static final int MEMORY_BYTES = 1 << 14;
    private static final int AVAIL = 1024;
    private static final int USED = 2048;
    private static final RingFeatures FEATURES = new RingFeatures(false, true);

    private final long base = Arena.global().allocate(MEMORY_BYTES, 4096).address();
    private final GuestMemory memory = GuestMemory.of(List.of(new Region(0, 0, MEMORY_BYTES, base)));
    private final long guarded =
            Arena.global().allocate(2 * GUARD_BYTES + 512, 64).address();
    private final long region = guarded + GUARD_BYTES;
    private final long copy = Arena.global().allocate(512, 64).address();
    private final ChainBurst burst = new ChainBurst(64, 256);

    @Override
    public long run(Input input) {
        boolean packed = input.oneIn(2);
        int size = packed ? PACKED_SIZE : SPLIT_SIZE;
        int bytes = (int) InflightLayout.regionBytes(packed, size);
        fill(input, packed, size, bytes);
        HostMemory.zero(base, MEMORY_BYTES);
        HostMemory.copy(region, copy, bytes);
        InflightModel model = new InflightModel(HostMemory.copyOut(region, bytes), size);
        return packed ? packed(input, model, size, bytes) : split(input, model, size, bytes);
    }

    /** A region as the steps of the text leave one, and then bytes that are not. */
    private void fill(Input input, boolean packed, int size, int bytes) {
        for (int i = 0; i < 2 * GUARD_BYTES + bytes; i++) {
            HostMemory.storeByte(guarded + i, i < GUARD_BYTES || i >= GUARD_BYTES + bytes ? GUARD : 0);
        }
        int entries = packed ? 32 : 16;
        HostMemory.storeShort(region + 8, 1);
        HostMemory.storeShort(region + 10, size);
        if (packed) {
            fillPacked(input, size);
        } else {
            int inFlight = input.below(1 << size);
            for (int i = 0; i < size; i++) {
                HostMemory.storeByte(region + entries + (long) entries * i, inFlight >>> i & 1);
                HostMemory.storeByte(region + entries + (long) entries * i + 8, input.below(8));
                HostMemory.storeShort(region + entries + (long) entries * i + 6, input.below(size + 1));
            }
            HostMemory.storeShort(region + 12, input.below(size));
            HostMemory.storeShort(region + 14, input.below(4));
        }
        for (int changes = input.oneIn(3) ? 1 + input.below(4) : 0; changes > 0; changes--) {
            HostMemory.storeByte(region + input.below(bytes), input.octet());
        }
    }

    /** Chains one behind the other, and what is left in the list of free entries. */
    private void fillPacked(Input input, int size) {
        int at = 0;
        int last = 0;
        for (int i = 0; i < size; i++) {
            HostMemory.storeShort(region + 32 + 32L * i + 2, i + 1);
        }
        while (at < size && !input.oneIn(3)) {
            int count = 1 + input.below(Math.min(2, size - at));
            last = at + count - 1;
            long head = region + 32 + 32L * at;
            HostMemory.storeByte(head, 1);
            HostMemory.storeShort(head + 4, last);
            HostMemory.storeShort(head + 6, count);
            HostMemory.storeByte(head + 8, input.below(8));
            for (int i = at; i <= last; i++) {
                long entry = region + 32 + 32L * i;
                HostMemory.storeShort(entry + 16, input.below(size));
                HostMemory.storeShort(entry + 18, i < last ? 1 : 0);
                HostMemory.storeByte(entry + 20, 64);
                HostMemory.storeShort(entry + 24, 4096 + 64 * i);
            }
            at = last + 1;
        }
        int other = input.below(at + 1);
        HostMemory.storeShort(region + 12, input.oneIn(3) ? other : at);
        HostMemory.storeShort(region + 14, at);
        int used = input.below(size);
        HostMemory.storeShort(region + 16, used);
        HostMemory.storeShort(region + 18, input.oneIn(3) ? input.below(size) : used);
        int wraps = input.below(4);
        HostMemory.storeByte(region + 20, wraps & 1);
        HostMemory.storeByte(region + 21, input.oneIn(3) ? wraps >>> 1 : wraps & 1);
    }

    private long split(Input input, InflightModel model, int size, int bytes) {
        int used = input.below(8);
        int available = used + input.below(size + 2);
        HostMemory.storeShort(base + AVAIL + 2, available);
        HostMemory.storeShort(base + USED + 2, used);
        for (int i = 0; i < size; i++) {
            HostMemory.storeLong(base + 16L * i, 4096 + 64L * i);
            HostMemory.storeLong(base + 16L * i + 8, 64);
            HostMemory.storeShort(base + AVAIL + 4 + 2L * i, i);
        }
        InflightModel.Found expected = model.split(used, available);
        InflightChains found = null;
        boolean refused = false;
        try {
            found = InflightChains.ofSplit(copy, size, used, available);
        } catch (InflightException e) {
            refused = true;
        }
        Vring ring = new SplitRing(base, base + AVAIL, base + USED, size);
        return judge(expected, found, refused, ring, used, bytes);
    }

    private long packed(Input input, InflightModel model, int size, int bytes) {
        int[] flags = new int[size];
        for (int i = 0; i < size; i++) {
            flags[i] = input.oneIn(3) ? 0x8080 : 0x0080;
            HostMemory.storeShort(base + 16L * i + 14, flags[i]);
        }
        InflightModel.Found expected = model.packed(flags);
        PackedRing ring = new PackedRing(base, base + AVAIL, base + USED, size);
        InflightChains found = null;
        boolean refused = false;
        try {
            found = InflightChains.ofPacked(copy, ring);
        } catch (InflightException e) {
            refused = true;
        }
        return judge(expected, found, refused, ring, PackedPosition.START, bytes);
    }

    private long judge(
            InflightModel.Found expected,
            @Nullable InflightChains found,
            boolean refused,
            Vring ring,
            int otherwise,
            int bytes) {
        String kind = refused ? InflightModel.REFUSED : found == null ? InflightModel.NEW : InflightModel.KNOWN;
        check(kind.equals(expected.kind()), "it is " + kind + " and should be " + expected);
        int position = otherwise;
        if (found != null) {
            List<Integer> heads = found.chains().stream()
                    .map(chain -> chain.entries().getFirst())
                    .toList();
            check(heads.equals(expected.heads()), heads + " are in flight and should be " + expected);
            check(found.position() == expected.position(), found.position() + " and should be " + expected);
            position = found.position();
        }
        DeviceHalf half = new InflightRegion(region, found)
                .noted(DeviceHalf.of(ring, memory, FEATURES, position), ring, memory, FEATURES);
        int taken = work(half, expected, ring.size());
        for (int i = 0; i < GUARD_BYTES; i++) {
            boolean whole =
                    HostMemory.loadByte(guarded + i) == GUARD && HostMemory.loadByte(region + bytes + i) == GUARD;
            check(whole, "a byte beside the region was written");
        }
        return ((long) kind.hashCode() << 8 | expected.heads().size()) * 31 + taken;
    }

    /** Takes what was in flight, puts some of it back, takes it again, and gives it back. */
    private int work(DeviceHalf half, InflightModel.Found expected, int size) {
        int wanted = expected.heads().size();
        burst.clear();
        int taken = wanted == 0 ? Math.max(half.take(burst, size), 0) : 0;
        int more = wanted;
        while (more > 0 && taken < wanted) {
            more = half.take(burst, wanted - taken);
            taken += Math.max(more, 0);
        }
        if (wanted > 0 && half.fault() == RingFault.NONE) {
            check(taken == wanted, taken + " chains are taken again and should be " + wanted);
            half.untake(1);
            burst.truncate(taken - 1);
            check(half.take(burst, 1) == 1, "what was put back is not taken again");
        }
        half.giveBack(burst, 0, burst.count());
        half.publishUsed();
        check(half.borrowed() == 0, half.borrowed() + " chains are kept");
        return taken;
    }

    private static void check(boolean holds, String what) {
        if (!holds) {
            throw new AssertionError(what);
        }
    }
}
