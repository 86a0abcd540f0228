package io.annulet.linux;

/**
 * Asks the kernel whether this process may use a facility, by a call with arguments that can do nothing: the kernel
 * checks whether it may be used before it looks at them.
 */
public final class KernelFeatures {
    private static final long NO_ADDRESS = 0;

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

    private static Answer answer(long result) {
        return switch ((int) -result) {
            case Errno.ENOSYS -> Answer.MISSING;
            case Errno.EPERM, Errno.EACCES -> Answer.FORBIDDEN;
            default -> Answer.AVAILABLE;
        };
    }
}
