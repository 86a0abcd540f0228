package io.annulet.linux;

import java.lang.foreign.MemorySegment;

/**
 * A range of this process's address space that maps a file or fresh memory. Its owner unmaps it, once, after every other
 * thread has let go of it: touching the range after that kills the JVM. Any thread may call the methods.
 */
public final class Mapping implements AutoCloseable {
    private static final int PROT_READ = 0x1;
    private static final int PROT_WRITE = 0x2;
    private static final int MAP_SHARED = 0x01;
    private static final int MAP_PRIVATE = 0x02;
    private static final int MAP_FIXED = 0x10;
    private static final int MAP_ANONYMOUS = 0x20;
    private static final int MAP_NORESERVE = 0x4000;
    private static final int MAP_POPULATE = 0x8000;
    private static final int NO_FD = -1;

    /** What the mapping may be used for. */
    public enum Protection {
        READ(PROT_READ),
        READ_WRITE(PROT_READ | PROT_WRITE);

        private final int bits;

        Protection(int bits) {
            this.bits = bits;
        }
    }

    /** What a mapping does beyond the ordinary. */
    public enum Option {
        /** Writes stay in this process; without it they reach the file and its other users. */
        PRIVATE(0),
        /** No swap space or huge pages are set aside: needed to map files larger than what is free. */
        NO_RESERVE(MAP_NORESERVE),
        /** All pages are brought in at once, so that the first use does not wait for them. */
        POPULATE(MAP_POPULATE),
        /** The kernel is asked to back the range with transparent huge pages; a wish only. */
        HUGE_PAGES(0);

        private final int bits;

        Option(int bits) {
            this.bits = bits;
        }
    }

    private final long address;
    private final long byteLength;
    private boolean mapped = true;

    private Mapping(long address, long byteLength) {
        this.address = address;
        this.byteLength = byteLength;
    }

    /**
     * Maps part of a file, shared with its other users unless {@link Option#PRIVATE} is given. The mapping holds the file
     * by itself: {@code fd} may be closed afterwards.
     *
     * @param fileOffset a multiple of the page size of the file
     * @param byteLength more than 0; on hugetlbfs a multiple of the huge page size
     */
    public static Mapping map(Fd fd, long fileOffset, long byteLength, Protection protection, Option... options) {
        int sharing = has(Option.PRIVATE, options) ? MAP_PRIVATE : MAP_SHARED;
        return map(fd.number(), fileOffset, byteLength, protection, sharing, options);
    }

    /** Maps {@code byteLength} bytes of fresh, private, zero memory. */
    public static Mapping anonymous(long byteLength, Option... options) {
        return map(NO_FD, 0, byteLength, Protection.READ_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, options);
    }

    private static Mapping map(
            int fd, long fileOffset, long byteLength, Protection protection, int flags, Option... options) {
        for (Option option : options) {
            flags |= option.bits;
        }
        long address = LinuxException.check(
                Kernel.mmap(0, byteLength, protection.bits, flags, fd, fileOffset),
                fd == NO_FD
                        ? "map " + byteLength + " bytes of memory"
                        : "map " + byteLength + " bytes at offset " + fileOffset + " of fd " + fd);
        if (has(Option.HUGE_PAGES, options)) {
            MemoryAdvice.hugePages(address, byteLength);
        }
        return new Mapping(address, byteLength);
    }

    private static boolean has(Option wanted, Option... options) {
        for (Option option : options) {
            if (option == wanted) {
                return true;
            }
        }
        return false;
    }

    /** Where the range starts. */
    public long address() {
        return address;
    }

    /** The length that was asked for. */
    public long byteLength() {
        return byteLength;
    }

    /** The range as a segment that every thread may use and that knows its bounds but not whether it is still mapped. */
    @SuppressWarnings("restricted")
    public MemorySegment segment() {
        return MemorySegment.ofAddress(address).reinterpret(byteLength);
    }

    /**
     * Puts private zero pages in place of what was mapped. Stragglers that still use the range then read zeros or write
     * into nothing, but never fault, and the file is let go of. The range stays mapped until {@link #close}.
     */
    public synchronized void replaceWithZeros() {
        if (!mapped) {
            throw new IllegalStateException("unmapped already: " + this);
        }
        LinuxException.check(
                Kernel.mmap(
                        address,
                        byteLength,
                        Protection.READ_WRITE.bits,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | MAP_NORESERVE,
                        NO_FD,
                        0),
                "replace " + this + " with zeros");
    }

    /** Unmaps the range, once. */
    @Override
    public synchronized void close() {
        if (mapped) {
            mapped = false;
            LinuxException.check(Kernel.munmap(address, byteLength), "unmap " + this);
        }
    }

    @Override
    public String toString() {
        return String.format("mapping 0x%x, %d bytes", address, byteLength);
    }
}
