package io.annulet.guest;

import io.annulet.linux.Fd;
import io.annulet.linux.Mapping;
import io.annulet.linux.Memfd;
import io.annulet.memory.GuestMemory;
import io.annulet.memory.Region;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * The memory of a simulated guest: shareable files, mapped here; owned by the thread that plays the guest.
 *
 * <p>Memory is handed out from the front of each region and never taken back, as a guest's rings and buffers live as long
 * as the guest. Closing it unmaps it: nothing may touch it afterwards.
 */
public final class GuestRam implements AutoCloseable {

    private static final Path SHM = Path.of("/dev/shm");

    private final List<RamRegion> regions = new ArrayList<>();
    private final List<Mapping> mappings = new ArrayList<>();
    private final List<Fd> files = new ArrayList<>();
    private final long[] usedByteLengths;

    private GuestRam(RamOptions options) {
        usedByteLengths = new long[options.regions().size()];
    }

    public static GuestRam create(RamOptions options) {
        GuestRam ram = new GuestRam(options);
        boolean complete = false;
        try {
            if (options.fileForEachRegion()) {
                options.regions().forEach(range -> ram.map(List.of(range), options));
            } else {
                ram.map(options.regions(), options);
            }
            complete = true;
            return ram;
        } finally {
            if (!complete) {
                ram.close();
            }
        }
    }

    /** Makes one file for these ranges and maps it. */
    private void map(List<RamOptions.Range> ranges, RamOptions options) {
        long byteLength =
                ranges.stream().mapToLong(RamOptions.Range::byteLength).sum();
        Fd file = open(options.backing(), byteLength);
        files.add(file);
        Mapping mapping = options.populate()
                ? Mapping.map(file, 0, byteLength, Mapping.Protection.READ_WRITE, Mapping.Option.POPULATE)
                : Mapping.map(file, 0, byteLength, Mapping.Protection.READ_WRITE);
        mappings.add(mapping);
        long offset = 0;
        for (RamOptions.Range range : ranges) {
            regions.add(new RamRegion(
                    file,
                    offset,
                    range.guestAddress(),
                    range.userAddress(),
                    range.byteLength(),
                    mapping.address() + offset));
            offset += range.byteLength();
        }
    }

    private static Fd open(RamOptions.Backing backing, long byteLength) {
        return switch (backing) {
            case SEALABLE_MEMFD -> Memfd.create("guest-ram", byteLength, true);
            case UNSEALABLE_MEMFD -> Memfd.create("guest-ram", byteLength, false);
            case SHM_FILE -> Memfd.createIn(SHM, byteLength);
            case HUGE_PAGES -> Memfd.createHuge("guest-ram", byteLength, true);
        };
    }

    public List<RamRegion> regions() {
        return List.copyOf(regions);
    }

    /** The same memory as a back-end in this process would see it. */
    public GuestMemory asGuestMemory() {
        return GuestMemory.of(regions.stream()
                .map(r -> new Region(r.guestAddress(), r.userAddress(), r.byteLength(), r.hostAddress()))
                .toList());
    }

    /**
     * The host address of {@code byteLength} unused bytes in one region, all zero.
     *
     * @param alignment a power of two, of the offset in the region
     * @throws IllegalStateException if no region has room
     */
    public long allocate(long byteLength, long alignment) {
        for (int i = 0; i < regions.size(); i++) {
            long at = usedByteLengths[i] + alignment - 1 & -alignment;
            if (at + byteLength <= regions.get(i).byteLength()) {
                usedByteLengths[i] = at + byteLength;
                return regions.get(i).hostAddress() + at;
            }
        }
        throw new IllegalStateException("guest RAM has no " + byteLength + " bytes left: give the guest more");
    }

    /** What the guest calls a host address. */
    public long guestAddressOf(long hostAddress) {
        RamRegion region = regionOfHost(hostAddress);
        return region.guestAddress() + (hostAddress - region.hostAddress());
    }

    /** What messages of the front-end call a host address. */
    public long userAddressOf(long hostAddress) {
        RamRegion region = regionOfHost(hostAddress);
        return region.userAddress() + (hostAddress - region.hostAddress());
    }

    /** Where this process has a guest address. */
    public long hostAddressOf(long guestAddress) {
        for (RamRegion region : regions) {
            if (region.holdsGuest(guestAddress)) {
                return region.hostAddress() + (guestAddress - region.guestAddress());
            }
        }
        throw new IllegalArgumentException("guest address 0x" + Long.toHexString(guestAddress) + " is in no region");
    }

    private RamRegion regionOfHost(long hostAddress) {
        for (RamRegion region : regions) {
            if (region.holdsHost(hostAddress)) {
                return region;
            }
        }
        throw new IllegalArgumentException("host address 0x" + Long.toHexString(hostAddress) + " is not guest RAM");
    }

    @Override
    public void close() {
        mappings.forEach(Mapping::close);
        files.forEach(Fd::close);
    }
}
