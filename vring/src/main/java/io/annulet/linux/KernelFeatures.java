package io.annulet.linux;

import static java.lang.foreign.ValueLayout.JAVA_INT;

import java.lang.foreign.Arena;

/**
 * Asks the kernel whether this process may use a facility, by a call with arguments that can do nothing: the kernel
 * checks whether it may be used before it looks at them.
 */
public final class KernelFeatures {
    private static final long NO_ADDRESS = 0;
    private static final int GET_ACTION_AVAIL = 2;
    private static final int RETURN_ERRNO = 0x00050000;
    private static final int PR_GET_NO_NEW_PRIVS = 39;

    /** A flag that userfaultfd(2) does not know. */
    private static final int UNKNOWN_FLAG = 1 << 30;

    /** What the kernel said. */
    public enum Answer {
        AVAILABLE,
        /** The kernel has it; a setting or a container's rules keep this process from it. */
        FORBIDDEN,
        /** The kernel was built without it, or is too old. */
        MISSING
    }

    private KernelFeatures() {}

    /** Queues of system calls: io_uring_setup(2). */
    public static Answer ioUring() {
        return answer(Kernel.ioUringSetup(0, NO_ADDRESS));
    }

    /** Page faults handled by user space, those inside system calls included: userfaultfd(2). */
    public static Answer userFaults() {
        return answer(Kernel.userfaultfd(UNKNOWN_FLAG));
    }

    /** Filters of system calls that end them in an error: seccomp(2). */
    public static boolean systemCallFilters() {
        try (Arena arena = Arena.ofConfined()) {
            return Kernel.seccomp(
                            GET_ACTION_AVAIL,
                            0,
                            arena.allocateFrom(JAVA_INT, RETURN_ERRNO).address())
                    == 0;
        }
    }

    /** Whether a process may give up that programs it executes gain rights: prctl(2). */
    public static boolean noNewPrivileges() {
        return Kernel.prctl(PR_GET_NO_NEW_PRIVS, 0, 0) >= 0;
    }

    private static Answer answer(long result) {
        return switch ((int) -result) {
            case Errno.ENOSYS -> Answer.MISSING;
            case Errno.EPERM, Errno.EACCES -> Answer.FORBIDDEN;
            default -> Answer.AVAILABLE;
        };
    }
}
