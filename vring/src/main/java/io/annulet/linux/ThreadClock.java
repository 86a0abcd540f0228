package io.annulet.linux;

/** The processor time that a thread has used. */
public final class ThreadClock {
    private static final int CLOCK_THREAD_CPUTIME_ID = 3;
    private static final long NANOS_A_SECOND = 1_000_000_000;

    private ThreadClock() {}

    /** The processor time of the calling thread in nanoseconds. Neither allocates nor throws. */
    public static long cpuTimeNanos() {
        long result = Kernel.clockGettime(CLOCK_THREAD_CPUTIME_ID, Syscall.scratchAddress());
        return result < 0 ? result : Syscall.scratchWord(0) * NANOS_A_SECOND + Syscall.scratchWord(1);
    }
}
