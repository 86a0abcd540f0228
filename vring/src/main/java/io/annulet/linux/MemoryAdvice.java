package io.annulet.linux;

/**
 * Tells the kernel what to do with ranges of mapped memory. Every method returns 0 or the negative error number and
 * throws nothing; a range starts at a multiple of the page size.
 */
public final class MemoryAdvice {
    private static final int MADV_DONTNEED = 4;
    private static final int MADV_HUGEPAGE = 14;
    private static final int MADV_POPULATE_READ = 22;
    private static final int MADV_POPULATE_WRITE = 23;

    private MemoryAdvice() {}

    /**
     * Brings all pages in, ready for writing, within a system call: a thread that waits here for a page that never comes
     * does not keep the JVM from its safepoints, as it would if it waited in Java code. -EFAULT where the file has become
     * too short. Linux 5.14 and later; -EINVAL before.
     */
    public static long populateWrite(long address, long byteLength) {
        return Kernel.madvise(address, byteLength, MADV_POPULATE_WRITE);
    }

    /** As {@link #populateWrite}, ready for reading. */
    public static long populateRead(long address, long byteLength) {
        return Kernel.madvise(address, byteLength, MADV_POPULATE_READ);
    }

    /** Gives the pages back: private memory reads as zeros afterwards, shared memory keeps its content. */
    public static long doNotNeed(long address, long byteLength) {
        return Kernel.madvise(address, byteLength, MADV_DONTNEED);
    }

    /** Asks for transparent huge pages. */
    public static long hugePages(long address, long byteLength) {
        return Kernel.madvise(address, byteLength, MADV_HUGEPAGE);
    }
}
