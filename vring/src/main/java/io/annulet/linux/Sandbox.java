package io.annulet.linux;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * What a process may no longer do once it has given it up. Rights belong to threads, so all of this holds for the thread
 * that calls, and for what it executes: see {@link #execute}. {@link SystemCallFilter} is for all threads.
 */
public final class Sandbox {

    private static final int PR_SET_DUMPABLE = 4;
    private static final int PR_CAPBSET_DROP = 24;
    private static final int PR_SET_NO_NEW_PRIVS = 38;
    private static final int LAST_CAPABILITY = 63;
    private static final int CAPABILITY_VERSION_3 = 0x20080522;

    private Sandbox() {}

    /** No program that is executed from here on gains rights by it. */
    public static void forbidNewPrivileges() {
        LinuxException.check(Kernel.prctl(PR_SET_NO_NEW_PRIVS, 1, 0), "forbid new privileges");
    }

    /** Gives up all capabilities but some. */
    public static void keepCapabilities(Set<Capability> kept) {
        long mask = 0;
        for (Capability capability : kept) {
            mask |= 1L << capability.bit();
        }
        mask &= Privileges.effectiveCapabilities();
        for (int bit = 0; bit <= LAST_CAPABILITY; bit++) {
            if ((mask >>> bit & 1) == 0) {
                Kernel.prctl(
                        PR_CAPBSET_DROP, bit, 0); // refused for bits that the kernel has not, or to who has no rights
            }
        }
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment header = arena.allocate(8, 4);
            header.set(JAVA_INT, 0, CAPABILITY_VERSION_3);
            MemorySegment data = arena.allocate(24, 4);
            for (int half = 0; half < 2; half++) {
                int word = (int) (mask >>> (32 * half));
                data.set(JAVA_INT, 12L * half, word);
                data.set(JAVA_INT, 12L * half + 4, word);
                data.set(JAVA_INT, 12L * half + 8, word);
            }
            LinuxException.check(Kernel.capset(header.address(), data.address()), "give up capabilities");
        }
    }

    /** This process leaves no core dump behind, and nobody without rights of root reads its memory. */
    public static void hideMemory() {
        LinuxException.check(Kernel.prctl(PR_SET_DUMPABLE, 0, 0), "forbid core dumps");
    }

    /**
     * Executes a program in the place of this process, with the rights of the calling thread. The number of the process
     * stays, all its other threads end.
     */
    public static LinuxException execute(Path program, List<String> arguments, Map<String, String> environment) {
        try (Arena arena = Arena.ofConfined()) {
            List<String> variables = new ArrayList<>();
            environment.forEach((name, value) -> variables.add(name + "=" + value));
            long result = Kernel.execve(
                    arena.allocateFrom(program.toString()).address(),
                    strings(arena, arguments).address(),
                    strings(arena, variables).address());
            return new LinuxException("execute " + program, (int) -result, "");
        }
    }

    private static MemorySegment strings(Arena arena, List<String> strings) {
        MemorySegment list = arena.allocate(8L * (strings.size() + 1), 8);
        for (int i = 0; i < strings.size(); i++) {
            list.setAtIndex(ADDRESS, i, arena.allocateFrom(strings.get(i)));
        }
        list.setAtIndex(JAVA_LONG, strings.size(), 0);
        return list;
    }
}
