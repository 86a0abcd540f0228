package io.annulet.linux;

import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.io.BufferedReader;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;

/** Resource limits of this process; see getrlimit(2). */
public final class Limits {
    /** The value of a limit that limits nothing. */
    public static final long UNLIMITED = Long.MAX_VALUE;

    private static final Path MAPPINGS = Path.of("/proc/sys/vm/max_map_count");
    private static final long USUAL_MAPPINGS = 65_530;
    private static final int RLIMIT_CORE = 4;
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

    /** Mappings that a process may have: vm.max_map_count. */
    public static long mappings() {
        // In one read: the kernel tells a number to who asks for its first bytes, and nothing after them.
        try (BufferedReader reader = Files.newBufferedReader(MAPPINGS)) {
            return Long.parseLong(String.valueOf(reader.readLine()));
        } catch (IOException | NumberFormatException unreadable) {
            return USUAL_MAPPINGS;
        }
    }

    /** Bytes of memory that may be locked, among others for DMA. */
    public static Limit lockedMemory() {
        return get(RLIMIT_MEMLOCK);
    }

    /** Sets the soft limit of open files, at most the hard one. */
    public static void openFiles(long soft) {
        set(RLIMIT_NOFILE, new Limit(soft, openFiles().hard()), "set the limit of open files to " + soft);
    }

    /** This process, and what it executes, leaves no core dump behind, and cannot change that. */
    public static void forbidCoreDumps() {
        set(RLIMIT_CORE, new Limit(0, 0), "forbid core dumps");
    }

    /** Sets the limit of locked memory; raising the hard one needs CAP_SYS_RESOURCE. */
    public static void lockedMemory(Limit limit) {
        set(RLIMIT_MEMLOCK, limit, "set the limit of locked memory to " + limit.soft());
    }

    private static void set(int resource, Limit limit, String action) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment values = arena.allocateFrom(JAVA_LONG, raw(limit.soft()), raw(limit.hard()));
            LinuxException.check(Kernel.prlimit64(THIS_PROCESS, resource, values.address(), NO_ADDRESS), action);
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
