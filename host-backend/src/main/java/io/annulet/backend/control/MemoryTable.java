package io.annulet.backend.control;

import io.annulet.linux.Fd;
import io.annulet.memory.GuestMemory;
import io.annulet.memory.HostMemory;
import io.annulet.memory.Region;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The mapped memory of one front-end: immutable, a changed table is a new one that may share regions with the one before.
 * Its regions are closed by the control thread, once no table in use has them.
 */
final class MemoryTable {

    static final MemoryTable EMPTY = new MemoryTable(List.of(), GuestMemory.EMPTY);

    private final List<MappedRegion> regions;
    private final GuestMemory memory;

    private MemoryTable(List<MappedRegion> regions, GuestMemory memory) {
        this.regions = List.copyOf(regions);
        this.memory = memory;
    }

    /** A table of these regions. They stay the caller's if this throws. */
    private static MemoryTable of(List<MappedRegion> regions) {
        List<Region> translated = regions.stream().map(MappedRegion::region).toList();
        try {
            return new MemoryTable(regions, GuestMemory.of(translated));
        } catch (IllegalArgumentException e) {
            throw new MessageFault(String.valueOf(e.getMessage()));
        }
    }

    /**
     * A table of exactly the regions requested. A region that this table has mapped already is kept.
     *
     * @param files one for each request, taken over
     */
    MemoryTable replacedBy(List<RegionRequest> requests, List<Fd> files, SealPolicy policy, ControlLimits limits) {
        List<MappedRegion> next = new ArrayList<>();
        int done = 0;
        boolean accepted = false;
        try {
            requests.forEach(RegionRequest::check);
            checkByteLength(requests.stream(), limits);
            while (done < requests.size()) {
                int i = done++;
                next.add(keptOrMapped(requests.get(i), files.get(i), policy, next));
            }
            MemoryTable table = of(next);
            accepted = true;
            return table;
        } finally {
            if (!accepted) {
                files.subList(done, files.size()).forEach(Fd::close);
                next.stream().filter(region -> !regions.contains(region)).forEach(MappedRegion::close);
            }
        }
    }

    private MappedRegion keptOrMapped(RegionRequest request, Fd file, SealPolicy policy, List<MappedRegion> taken) {
        MappedRegion mapped = MappedRegion.map(request, file, policy);
        for (MappedRegion region : regions) {
            if (mapped.isSame(region) && !taken.contains(region)) {
                mapped.close();
                return region;
            }
        }
        return mapped;
    }

    /** This table and one more region. */
    MemoryTable plus(RegionRequest request, Fd file, SealPolicy policy, ControlLimits limits) {
        try {
            request.check();
            if (regions.size() >= limits.regions()) {
                throw new MessageFault("more than " + limits.regions() + " regions");
            }
            checkByteLength(Stream.concat(regions.stream().map(MappedRegion::request), Stream.of(request)), limits);
        } catch (MessageFault refused) {
            file.close();
            throw refused;
        }
        MappedRegion added = MappedRegion.map(request, file, policy);
        boolean accepted = false;
        try {
            MemoryTable table =
                    of(Stream.concat(regions.stream(), Stream.of(added)).toList());
            accepted = true;
            return table;
        } finally {
            if (!accepted) {
                added.close();
            }
        }
    }

    /** Lengths that were checked are positive; as soon as their sum is too much it is not added to any more. */
    private static void checkByteLength(Stream<RegionRequest> requests, ControlLimits limits) {
        long left = limits.memoryBytes();
        for (RegionRequest request : requests.toList()) {
            left -= Math.min(request.byteLength(), limits.memoryBytes());
            if (left < 0 || request.byteLength() > limits.memoryBytes()) {
                throw new MessageFault("more than " + limits.memoryBytes() + " bytes of memory");
            }
        }
    }

    /** This table without one region. */
    MemoryTable minus(RegionRequest request) {
        List<MappedRegion> rest = regions.stream()
                .filter(region -> !region.request().isAt(request))
                .toList();
        if (rest.size() == regions.size()) {
            throw new MessageFault("no such region to remove");
        }
        return of(rest);
    }

    List<MappedRegion> regions() {
        return regions;
    }

    GuestMemory memory() {
        return memory;
    }

    /** The regions that {@code next} does not have any more. */
    List<MappedRegion> missingIn(MemoryTable next) {
        return regions.stream().filter(region -> !next.regions.contains(region)).toList();
    }

    /** Reads 16 bits of shared memory without ever faulting; -1 if they are not there any more. */
    int readShort(long hostAddress) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment value = arena.allocate(Short.BYTES, Short.BYTES);
            return read(hostAddress, value) ? HostMemory.loadShort(HostMemory.addressOf(value)) : -1;
        }
    }

    /** Likewise bytes that lie in one region; false if they are not there any more. */
    boolean read(long hostAddress, MemorySegment bytes) {
        return regionAt(hostAddress).read(hostAddress, bytes);
    }

    /** The region that has a guest address; null if none. */
    @Nullable
    MappedRegion regionOfGuest(long guestAddress) {
        for (MappedRegion region : regions) {
            if (region.containsGuest(guestAddress)) {
                return region;
            }
        }
        return null;
    }

    /** The region that has a host address. */
    MappedRegion regionAt(long hostAddress) {
        for (MappedRegion region : regions) {
            if (region.contains(hostAddress)) {
                return region;
            }
        }
        throw new IllegalArgumentException("an address of another table");
    }

    /** Whether an access may have failed since a file has holes and nothing to fill them with. From any thread. */
    boolean mayLackPages() {
        return regions.stream().anyMatch(MappedRegion::mayLackPages);
    }

    /** Whether all files are as long as they were. From any thread. */
    boolean isWhole() {
        return regions.stream().allMatch(MappedRegion::isWhole);
    }
}
