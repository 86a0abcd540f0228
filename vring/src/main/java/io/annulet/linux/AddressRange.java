package io.annulet.linux;

/**
 * A range of this process's addresses that is put together from several mappings, each right behind the one before: fresh
 * memory first, then parts of files. For what the kernel takes as one piece, such as the memory of an XDP socket. Used by
 * the thread that makes it; its owner unmaps it, once, after every other thread has let go of it.
 */
public final class AddressRange implements AutoCloseable {
    private static final int PROT_NONE = 0;
    private static final int PROT_READ_WRITE = 3;
    private static final int MAP_SHARED = 0x01;
    private static final int MAP_PRIVATE = 0x02;
    private static final int MAP_FIXED = 0x10;
    private static final int MAP_ANONYMOUS = 0x20;
    private static final int MAP_NORESERVE = 0x4000;
    private static final int NO_FD = -1;

    private final long reserved;
    private final long reservedByteLength;
    private final long address;
    private final long capacity;
    private long byteLength;
    private boolean mapped = true;

    private AddressRange(long reserved, long reservedByteLength, long address, long capacity) {
        this.reserved = reserved;
        this.reservedByteLength = reservedByteLength;
        this.address = address;
        this.capacity = capacity;
    }

    /**
     * Sets addresses aside, and maps fresh memory at their beginning.
     *
     * @param freshByteLength a multiple of the page size
     * @param filesByteLength of all parts of files together that may follow
     * @param filePageBytes at a multiple of this the part behind the fresh memory begins: the largest page of a file
     * @throws LinuxException if there are not so many addresses
     */
    public static AddressRange of(long freshByteLength, long filesByteLength, long filePageBytes) {
        long capacity = Math.addExact(freshByteLength, filesByteLength);
        long reservedByteLength = Math.addExact(capacity, filePageBytes);
        long reserved = LinuxException.check(
                Kernel.mmap(0, reservedByteLength, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, NO_FD, 0),
                "set " + reservedByteLength + " addresses aside");
        long files = (reserved + freshByteLength + filePageBytes - 1) & -filePageBytes;
        AddressRange range = new AddressRange(reserved, reservedByteLength, files - freshByteLength, capacity);
        boolean filled = false;
        try {
            range.append(freshByteLength, MAP_PRIVATE | MAP_ANONYMOUS, NO_FD, 0);
            filled = true;
            return range;
        } finally {
            if (!filled) {
                range.close();
            }
        }
    }

    /**
     * Maps part of a file, shared with its other users, behind what is there.
     *
     * @param fileOffset and length are multiples of the page size of the file
     * @return where it begins, from the beginning of the range
     */
    public long append(Fd file, long fileOffset, long partByteLength) {
        return append(partByteLength, MAP_SHARED | MAP_NORESERVE, file.number(), fileOffset);
    }

    private long append(long partByteLength, int flags, int fd, long fileOffset) {
        if (partByteLength <= 0 || partByteLength > capacity - byteLength) {
            throw new IllegalArgumentException(partByteLength + " bytes more than were set aside");
        }
        LinuxException.check(
                Kernel.mmap(address + byteLength, partByteLength, PROT_READ_WRITE, flags | MAP_FIXED, fd, fileOffset),
                "map " + partByteLength + " bytes at a fixed address");
        long at = byteLength;
        byteLength += partByteLength;
        return at;
    }

    public long address() {
        return address;
    }

    /** Bytes that are mapped, from {@link #address} on without a gap. */
    public long byteLength() {
        return byteLength;
    }

    /** Unmaps all of it, once. */
    @Override
    public void close() {
        if (mapped) {
            mapped = false;
            LinuxException.check(Kernel.munmap(reserved, reservedByteLength), "unmap " + this);
        }
    }

    @Override
    public String toString() {
        return String.format("addresses 0x%x, %d bytes", address, byteLength);
    }
}
