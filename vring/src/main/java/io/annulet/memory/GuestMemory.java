package io.annulet.memory;

import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The memory table of one guest: immutable, so any thread may read it; a changed table is a new object.
 *
 * <p>Regions are sorted by guest address and overlap neither there nor in the front-end's addresses. Behind an IOMMU it is
 * what is known of I/O addresses, see {@link IoTable}: then it is known in part only, and regions have rights.
 */
public final class GuestMemory {

    /** The regions a table may have: what QEMU's front-end asks for at most is 512, what other back-ends offer 509. */
    public static final int MAX_REGIONS = 509;

    /** No translation; never a mapped address. */
    public static final long UNMAPPED = 0;

    public static final GuestMemory EMPTY = new GuestMemory(List.of());

    private final Region[] regions;

    /** What may be done with each region; null if everything, and if there is nothing else. */
    private final byte @Nullable [] rights;

    private GuestMemory(List<Region> sorted) {
        this.regions = sorted.toArray(Region[]::new);
        this.rights = null;
    }

    /** A table that is known in part. */
    GuestMemory(Region[] sorted, byte[] rights) {
        this.regions = sorted;
        this.rights = rights;
    }

    /**
     * A table of these regions, in any order.
     *
     * @throws IllegalArgumentException if there are too many, or two overlap in guest or user addresses
     */
    public static GuestMemory of(List<Region> regions) {
        if (regions.size() > MAX_REGIONS) {
            throw new IllegalArgumentException(regions.size() + " regions, at most " + MAX_REGIONS);
        }
        List<Region> sorted = regions.stream()
                .sorted(Comparator.comparing(Region::guestAddress, Long::compareUnsigned))
                .toList();
        for (int i = 1; i < sorted.size(); i++) {
            if (sorted.get(i - 1).overlapsGuest(sorted.get(i))) {
                throw new IllegalArgumentException("two regions overlap in guest addresses");
            }
        }
        List<Region> byUser = regions.stream()
                .sorted(Comparator.comparing(Region::userAddress, Long::compareUnsigned))
                .toList();
        for (int i = 1; i < byUser.size(); i++) {
            if (byUser.get(i - 1).overlapsUser(byUser.get(i))) {
                throw new IllegalArgumentException("two regions overlap in user addresses");
            }
        }
        return new GuestMemory(sorted);
    }

    public List<Region> regions() {
        return List.of(regions);
    }

    public int regionCount() {
        return regions.length;
    }

    /**
     * Whether there may be memory at addresses that are in no region, or have too few rights: whoever needs it waits for a
     * table that has it.
     */
    public boolean isPartial() {
        return rights != null;
    }

    /** Whether the memory of a region may be used so. */
    boolean allows(int index, int access) {
        return rights == null || Access.allows(rights[index], access);
    }

    /** The host address of {@code byteLength} bytes at a guest address, or {@link #UNMAPPED} if not all in one region. */
    public long hostAddressOfGuest(long guestAddress, long byteLength) {
        int i = regionAt(guestAddress);
        return byteLength > 0 && i >= 0 && regions[i].containsGuest(guestAddress, byteLength)
                ? regions[i].hostAddress() + (guestAddress - regions[i].guestAddress())
                : UNMAPPED;
    }

    /**
     * The host address of {@code byteLength} bytes at an address of the front-end, as messages give ring addresses, or
     * {@link #UNMAPPED} if not all of them lie in one region.
     */
    public long hostAddressOfUser(long userAddress, long byteLength) {
        Region region = byteLength > 0 ? regionOfUser(userAddress, byteLength) : null;
        return region == null ? UNMAPPED : region.hostAddress() + (userAddress - region.userAddress());
    }

    /** The region that has all of {@code byteLength} (more than 0) bytes at an address of the front-end, or null. */
    @Nullable
    Region regionOfUser(long userAddress, long byteLength) {
        for (Region region : regions) {
            if (region.containsUser(userAddress, byteLength)) {
                return region;
            }
        }
        return null;
    }

    /** The index of the region that holds a guest address, or -1. */
    int regionAt(long guestAddress) {
        int low = 0;
        int high = regions.length - 1;
        while (low <= high) {
            int middle = (low + high) >>> 1;
            Region region = regions[middle];
            if (Long.compareUnsigned(guestAddress, region.guestAddress()) < 0) {
                high = middle - 1;
            } else if (Long.compareUnsigned(guestAddress - region.guestAddress(), region.byteLength()) < 0) {
                return middle;
            } else {
                low = middle + 1;
            }
        }
        return -1;
    }

    Region region(int index) {
        return regions[index];
    }

    @Override
    public String toString() {
        return "GuestMemory" + Arrays.toString(regions);
    }
}
