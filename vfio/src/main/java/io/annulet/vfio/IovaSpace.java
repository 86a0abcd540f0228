package io.annulet.vfio;

import io.annulet.linux.Vfio.Range;
import java.util.Comparator;
import java.util.List;
import java.util.TreeMap;

/**
 * Gives out addresses for devices to use, inside what the kernel says the IOMMU translates; any thread may use it.
 *
 * <p>A piece lies wholly in one range that the kernel reports, so it never touches the addresses of interrupt messages,
 * which lie between two ranges. It ends below 2^39, since that is all that some IOMMUs translate.
 */
public final class IovaSpace {

    /** Behind the last address to be given out. */
    public static final long END = 1L << 39;

    /** Address 0 is not given out: a device that reads a forgotten descriptor hits nothing. */
    private static final long FIRST = 1L << 20;

    private final List<Range> ranges;
    private final TreeMap<Long, Long> taken = new TreeMap<>();

    /** @param ranges as the kernel reports them; without any, all addresses */
    public IovaSpace(List<Range> ranges) {
        this.ranges = ranges.isEmpty()
                ? List.of(new Range(0, END - 1))
                : ranges.stream()
                        .sorted(Comparator.comparing(Range::first, Long::compareUnsigned))
                        .toList();
    }

    /**
     * Takes so many addresses in one piece.
     *
     * @param alignment a power of two
     * @throws VfioException if there is no such piece
     */
    public synchronized long take(long byteLength, long alignment) {
        for (Range range : ranges) {
            long first = Long.compareUnsigned(range.first(), FIRST) < 0 ? FIRST : range.first();
            long last = Long.compareUnsigned(range.last(), END - 1) > 0 ? END - 1 : range.last();
            if (Long.compareUnsigned(first, last) > 0) {
                continue;
            }
            long at = firstFit(first, last, byteLength, alignment);
            if (at >= 0) {
                taken.put(at, byteLength);
                return at;
            }
        }
        throw new VfioException(
                String.format(
                        "no %d bytes of the addresses that the IOMMU translates are left (%s)", byteLength, ranges),
                "give the NIC fewer or smaller guests, or use zero-copy=off");
    }

    private long firstFit(long first, long last, long byteLength, long alignment) {
        long at = up(first, alignment);
        while (at >= first && byteLength <= last - at + 1) {
            var before = taken.floorEntry(at + byteLength - 1);
            if (before == null || before.getKey() + before.getValue() <= at) {
                return at;
            }
            at = up(before.getKey() + before.getValue(), alignment);
        }
        return -1;
    }

    private static long up(long address, long alignment) {
        return (address + alignment - 1) & -alignment;
    }

    /** Gives back what {@link #take} gave. */
    public synchronized void giveBack(long iova) {
        if (taken.remove(iova) == null) {
            throw new IllegalArgumentException(String.format("0x%x was not taken", iova));
        }
    }
}
