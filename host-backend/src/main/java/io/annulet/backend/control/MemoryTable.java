package io.annulet.backend.control;

import io.annulet.linux.Fd;
import io.annulet.memory.GuestMemory;
import io.annulet.memory.Region;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

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
    MemoryTable replacedBy(List<RegionRequest> requests, List<Fd> files, SealPolicy policy) {
        List<MappedRegion> next = new ArrayList<>();
        int done = 0;
        boolean accepted = false;
        try {
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
    MemoryTable plus(RegionRequest request, Fd file, SealPolicy policy) {
        if (regions.size() >= GuestMemory.MAX_REGIONS) {
            file.close();
            throw new MessageFault("more than " + GuestMemory.MAX_REGIONS + " regions");
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
        for (MappedRegion region : regions) {
            long offset = hostAddress - region.region().hostAddress();
            if (offset >= 0 && offset + Short.BYTES <= region.region().byteLength()) {
                return region.readShort(hostAddress);
            }
        }
        throw new IllegalArgumentException("an address of another table");
    }

    /** Whether all files are as long as they were. From any thread. */
    boolean isWhole() {
        return regions.stream().allMatch(MappedRegion::isWhole);
    }
}
