package io.annulet.linux;

/** The processor time that a thread has used. */
public final class ThreadClock {
    private static final int CLOCK_THREAD_CPUTIME_ID = 3;
    private static final long NANOS_A_SECOND = 1_000_000_000;

    /** A clock of CPUCLOCK_SCHED that belongs to one thread: the low bits of the ids that MAKE_THREAD_CPUCLOCK makes. */
    private static final int THREAD_CLOCK_BITS = 4 | 2;

    private static final int THREAD_ID_SHIFT = 3;

    private ThreadClock() {}

    /** The processor time of the calling thread in nanoseconds. Neither allocates nor throws. */
    public static long cpuTimeNanos() {
        return read(CLOCK_THREAD_CPUTIME_ID);
    }

    /**
     * The processor time of any thread of this process in nanoseconds, or the negative error number if there is none with
     * this id: {@link Cpus#currentThreadId}.
     */
    public static long cpuTimeNanos(int threadId) {
        return read(~threadId << THREAD_ID_SHIFT | THREAD_CLOCK_BITS);
    }

    private static long read(int clock) {
        long result = Kernel.clockGettime(clock, Syscall.scratchAddress());
        return result < 0 ? result : Syscall.scratchWord(0) * NANOS_A_SECOND + Syscall.scratchWord(1);
    }
}
