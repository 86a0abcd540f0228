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

    /** Where an address of a message lies, or 0. */
    long hostOfUser(long address) {
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

    private @Nullable Region regionOf(long guestAddress) {
        for (Region region : regions) {
            if (region.holdsGuest(guestAddress)) {
                return region;
            }
        }
        return null;
    }

    /** The bytes at a guest address, or null if they are not all there. */
    byte @Nullable [] read(long guestAddress, int byteLength) {
        ByteBuffer bytes = ByteBuffer.allocate(byteLength);
        while (bytes.hasRemaining()) {
            long at = guestAddress + bytes.position();
            Region region = regionOf(at);
            if (region == null) {
                return null;
            }
            int length = (int) Math.min(bytes.remaining(), region.guest + region.byteLength - at);
            if (length < byteLength && flaws.contains(Flaw.READS_WITHIN_ONE_REGION)) {
                return null;
            }
            bytes.put(HostMemory.copyOut(region.mapping.address() + (at - region.guest), length));
        }
        return bytes.array();
    }

    void write(long guestAddress, byte[] bytes, int from, int byteLength) {
        int done = 0;
        while (done < byteLength) {
            long at = guestAddress + done;
            Region region = regionOf(at);
            if (region == null) {
                return;
            }
            int length = (int) Math.min(byteLength - done, region.guest + region.byteLength - at);
            if (length < byteLength && flaws.contains(Flaw.WRITES_WITHIN_ONE_REGION)) {
                return;
            }
            MemorySegment part = MemorySegment.ofArray(bytes).asSlice(from + done, length);
            HostMemory.copyIn(part, region.mapping.address() + (at - region.guest));
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
