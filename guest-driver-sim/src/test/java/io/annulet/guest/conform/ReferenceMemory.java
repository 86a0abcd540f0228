package io.annulet.guest.conform;

import io.annulet.linux.Fd;
import io.annulet.linux.Mapping;
import io.annulet.memory.HostMemory;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Guest memory as the reference back-end sees it, with the log of what it wrote; used by the back-end's thread. */
final class ReferenceMemory implements AutoCloseable {

    private final Set<Flaw> flaws;
    private final List<Region> regions = new ArrayList<>();
    private @Nullable Mapping log;
    private long logOffset;
    private boolean logs;
    private @Nullable ReferenceTranslation translation;

    /** Where an address leads to, and for how many bytes. */
    private record Place(long host, long left) {}

    private record Region(long guest, long user, long byteLength, long offset, Mapping mapping) {
        boolean holdsGuest(long address) {
            return Long.compareUnsigned(address - guest, byteLength) < 0;
        }

        boolean holdsUser(long address) {
            return Long.compareUnsigned(address - user, byteLength) < 0;
        }
    }

    ReferenceMemory(Set<Flaw> flaws) {
        this.flaws = flaws;
    }

    /** The payload stands at a region: guest address, size, user address, offset. */
    void add(ByteBuffer region, Fd file) {
        long guest = region.getLong();
        long byteLength = region.getLong();
        long user = region.getLong();
        long offset = region.getLong();
        long mapped = flaws.contains(Flaw.IGNORES_FILE_OFFSET) ? 0 : offset;
        regions.add(new Region(
                guest, user, byteLength, offset, Mapping.map(file, mapped, byteLength, Mapping.Protection.READ_WRITE)));
    }

    void remove(ByteBuffer region) {
        long guest = region.getLong();
        long byteLength = region.getLong();
        long user = region.getLong();
        long offset = region.getLong();
        if (flaws.contains(Flaw.KEEPS_REMOVED_REGION)) {
            return;
        }
        if (flaws.contains(Flaw.REMOVES_ALL_REGIONS)) {
            clear();
        }
        regions.removeIf(r -> {
            boolean found = r.guest == guest
                    && r.byteLength == byteLength
                    && r.user == user
                    && (r.offset == offset || !flaws.contains(Flaw.REMOVES_BY_OFFSET));
            if (found) {
                r.mapping.close();
            }
            return found;
        });
    }

    int count() {
        return regions.size();
    }

    void clear() {
        regions.forEach(region -> region.mapping.close());
        regions.clear();
    }

    /** Addresses are I/O virtual ones from now on, or the guest's own again. */
    void translates(@Nullable ReferenceTranslation by) {
        translation = by;
    }

    /** Where an address of a message lies, or 0. */
    long hostOfUser(long address) {
        if (translation != null) {
            Place place = place(address);
            return place == null ? 0 : place.host;
        }
        if (flaws.contains(Flaw.RING_ADDRESSES_ARE_GUEST_ADDRESSES)) {
            for (Region region : regions) {
                if (region.holdsGuest(address)) {
                    return region.mapping.address() + (address - region.guest);
                }
            }
        }
        for (Region region : regions) {
            if (region.holdsUser(address)) {
                return region.mapping.address() + (address - region.user);
            }
        }
        return 0;
    }

    boolean sameRegion(long user, long other) {
        return regions.stream().anyMatch(region -> region.holdsUser(user) && region.holdsUser(other));
    }

    private @Nullable Place place(long guestAddress) {
        if (translation != null) {
            return translated(translation, guestAddress);
        }
        for (Region region : regions) {
            if (region.holdsGuest(guestAddress)) {
                long into = guestAddress - region.guest;
                return new Place(region.mapping.address() + into, region.byteLength - into);
            }
        }
        return null;
    }

    private @Nullable Place translated(ReferenceTranslation by, long iova) {
        ReferenceTranslation.Entry entry = by.entry(iova);
        if (entry == null) {
            return null;
        }
        long into = iova - entry.iova();
        for (Region region : regions) {
            if (region.holdsUser(entry.user() + into)) {
                long at = entry.user() + into - region.user;
                return new Place(
                        region.mapping.address() + at, Math.min(region.byteLength - at, entry.byteLength() - into));
            }
        }
        return null;
    }

    /** The bytes at a guest address, or null if they are not all there. */
    byte @Nullable [] read(long guestAddress, int byteLength) {
        ByteBuffer bytes = ByteBuffer.allocate(byteLength);
        while (bytes.hasRemaining()) {
            long at = guestAddress + bytes.position();
            Place place = place(at);
            if (place == null) {
                return null;
            }
            int length = (int) Math.min(bytes.remaining(), place.left);
            if (length < byteLength && flaws.contains(Flaw.READS_WITHIN_ONE_REGION)) {
                return null;
            }
            bytes.put(HostMemory.copyOut(place.host, length));
        }
        return bytes.array();
    }

    void write(long guestAddress, byte[] bytes, int from, int byteLength) {
        int done = 0;
        while (done < byteLength) {
            long at = guestAddress + done;
            Place place = place(at);
            if (place == null) {
                return;
            }
            int length = (int) Math.min(byteLength - done, place.left);
            if (length < byteLength && flaws.contains(Flaw.WRITES_WITHIN_ONE_REGION)) {
                return;
            }
            MemorySegment part = MemorySegment.ofArray(bytes).asSlice(from + done, length);
            HostMemory.copyIn(part, place.host);
            if (!flaws.contains(Flaw.LOGS_NO_BUFFERS)) {
                log(at, length);
            }
            done += length;
        }
    }

    // Log.

    void setLog(Fd file, long byteLength, long offset) {
        log = Mapping.map(file, 0, offset + byteLength, Mapping.Protection.READ_WRITE);
        logOffset = flaws.contains(Flaw.LOG_OFFSET_TWICE) ? 2 * offset : offset;
    }

    void logWrites(boolean on) {
        logs = on;
    }

    void log(long guestAddress, int byteLength) {
        Mapping area = log;
        if (area == null || (!logs && !flaws.contains(Flaw.LOGS_ALWAYS))) {
            return;
        }
        for (long page = guestAddress >>> 12; page <= (guestAddress + byteLength - 1) >>> 12; page++) {
            long at = area.address() + logOffset + page / 8;
            HostMemory.storeByte(at, HostMemory.loadByte(at) | (1 << (page % 8)));
        }
    }

    @Override
    public void close() {
        clear();
        if (log != null) {
            log.close();
            log = null;
        }
    }
}
