package io.annulet.linux;

import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/** Resource limits of this process; see getrlimit(2). */
public final class Limits {
    /** The value of a limit that limits nothing. */
    public static final long UNLIMITED = Long.MAX_VALUE;

    private static final int RLIMIT_NOFILE = 7;
    private static final int RLIMIT_MEMLOCK = 8;
    private static final int THIS_PROCESS = 0;
    private static final long NO_ADDRESS = 0;
    private static final long RLIM_INFINITY = -1;

    private Limits() {}

    /**
     * A limit.
     *
     * @param soft the one that holds
     * @param hard the one that this process may raise the soft one to
     */
    public record Limit(long soft, long hard) {}

    /** One more than the highest number that a file descriptor may have. */
    public static Limit openFiles() {
        return get(RLIMIT_NOFILE);
    }

    /** Bytes of memory that may be locked, among others for DMA. */
    public static Limit lockedMemory() {
        return get(RLIMIT_MEMLOCK);
    }

    /** Sets the soft limit of open files, at most the hard one. */
    public static void openFiles(long soft) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment limit =
                    arena.allocateFrom(JAVA_LONG, raw(soft), raw(openFiles().hard()));
            LinuxException.check(
                    Kernel.prlimit64(THIS_PROCESS, RLIMIT_NOFILE, limit.address(), NO_ADDRESS),
                    "set the limit of open files to " + soft);
        }
    }

    private static Limit get(int resource) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment limit = arena.allocate(16, 8);
            LinuxException.check(
                    Kernel.prlimit64(THIS_PROCESS, resource, NO_ADDRESS, limit.address()), "read a resource limit");
            return new Limit(readable(limit.get(JAVA_LONG, 0)), readable(limit.get(JAVA_LONG, 8)));
        }
    }

    private static long readable(long raw) {
        return raw == RLIM_INFINITY ? UNLIMITED : raw;
    }

    private static long raw(long readable) {
        return readable == UNLIMITED ? RLIM_INFINITY : readable;
    }
}
