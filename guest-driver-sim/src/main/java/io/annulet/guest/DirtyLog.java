package io.annulet.guest;

import io.annulet.linux.Fd;
import io.annulet.linux.Mapping;
import io.annulet.linux.Memfd;
import io.annulet.memory.HostMemory;

/**
 * The log of pages that a back-end wrote, which live migration needs: a bit for each page of 4 KiB from guest address 0
 * on, set by the back-end. Anyone may look. From vhost-user, QEMU 10, "Migration".
 */
public final class DirtyLog implements AutoCloseable {

    public static final int PAGE_BYTES = 4096;

    private final long byteLength;
    private final Fd file;
    private final Mapping mapping;

    private DirtyLog(long byteLength) {
        this.byteLength = byteLength;
        this.file = Memfd.create("dirty-log", byteLength, true);
        this.mapping = Mapping.map(file, 0, byteLength, Mapping.Protection.READ_WRITE);
    }

    /** An empty one for all of a guest's memory. */
    public static DirtyLog covering(GuestRam ram) {
        long end = 0;
        for (RamRegion region : ram.regions()) {
            end = Math.max(end, region.guestAddress() + region.byteLength());
        }
        long pages = (end + PAGE_BYTES - 1) / PAGE_BYTES;
        return new DirtyLog((pages / 8 + PAGE_BYTES) / PAGE_BYTES * PAGE_BYTES);
    }

    Fd file() {
        return file;
    }

    long byteLength() {
        return byteLength;
    }

    /** Whether the page of a guest address was written. */
    public boolean isDirty(long guestAddress) {
        long page = guestAddress / PAGE_BYTES;
        return (HostMemory.loadByte(mapping.address() + page / 8) >> page % 8 & 1) != 0;
    }

    /** How many pages were written. */
    public long dirtyPages() {
        long pages = 0;
        for (long at = 0; at < byteLength; at += Long.BYTES) {
            pages += Long.bitCount(HostMemory.loadLong(mapping.address() + at));
        }
        return pages;
    }

    /** Forgets all; what the back-end writes at the same time may be forgotten too. */
    public void clear() {
        HostMemory.zero(mapping.address(), byteLength);
    }

    @Override
    public void close() {
        mapping.close();
        file.close();
    }
}
