package io.annulet.guest;

import java.util.ArrayList;
import java.util.List;

/**
 * What guest RAM is made of and where its regions seem to lie. Guest addresses, user addresses and the addresses of this
 * process all differ, so that one taken for another does not work by luck.
 *
 * @param regions in the order of allocation
 * @param backing what kind of file holds them
 * @param fileForEachRegion a file for each region; else one file holds all, one behind the other
 * @param populate bring all pages in at once
 */
public record RamOptions(List<Range> regions, Backing backing, boolean fileForEachRegion, boolean populate) {

    /** Where the first region of {@link #of} lies. */
    public static final long GUEST_BASE = 0x4000_0000L;

    public static final long USER_BASE = 0x7e00_0000_0000L;
    private static final long USER_GAP_BYTES = 1L << 30;

    /** What holds the memory. */
    public enum Backing {
        /** As QEMU's memory-backend-memfd: the other side may seal it. */
        SEALABLE_MEMFD,
        /** A memory file that refuses seals, as every file outside of memfd does. */
        UNSEALABLE_MEMFD,
        /** A file in /dev/shm, as QEMU's memory-backend-file has it there: it refuses seals too. */
        SHM_FILE,
        /** Huge pages of the machine's default size; they have to be set aside before. */
        HUGE_PAGES
    }

    /**
     * One region's addresses.
     *
     * @param byteLength a multiple of the page size of the backing
     */
    public record Range(long guestAddress, long userAddress, long byteLength) {}

    public RamOptions {
        regions = List.copyOf(regions);
        if (regions.isEmpty()) {
            throw new IllegalArgumentException("guest RAM without a region");
        }
    }

    /** One region of sealable memory. */
    public static RamOptions of(long byteLength) {
        return regions(1, byteLength, 0);
    }

    /**
     * Several regions of equal length, with {@code holeBytes} between them in guest addresses. User addresses fall while
     * guest addresses rise, with a hole between all of them: neighbours for the guest are none for the front-end.
     */
    public static RamOptions regions(int count, long byteLengthEach, long holeBytes) {
        List<Range> regions = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            regions.add(new Range(
                    GUEST_BASE + i * (byteLengthEach + holeBytes),
                    USER_BASE + (count - 1 - i) * (byteLengthEach + USER_GAP_BYTES),
                    byteLengthEach));
        }
        return new RamOptions(regions, Backing.SEALABLE_MEMFD, false, false);
    }

    public RamOptions withBacking(Backing other) {
        return new RamOptions(regions, other, fileForEachRegion, populate);
    }

    public RamOptions withFileForEachRegion() {
        return new RamOptions(regions, backing, true, populate);
    }

    public RamOptions withPopulate() {
        return new RamOptions(regions, backing, fileForEachRegion, true);
    }

    public long byteLength() {
        return regions.stream().mapToLong(Range::byteLength).sum();
    }
}
