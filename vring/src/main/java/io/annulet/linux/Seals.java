package io.annulet.linux;

import java.util.OptionalInt;

/**
 * Seals of a memory file: promises about its length and content that the kernel keeps for everyone who holds it, whoever
 * set them. See fcntl(2), "File sealing".
 */
public final class Seals {
    /** No further seal can be set. */
    public static final int SEAL = 0x1;
    /** The file cannot become shorter, so a mapping of it cannot lose its pages to ftruncate. */
    public static final int SHRINK = 0x2;
    /** The file cannot become longer. */
    public static final int GROW = 0x4;
    /** The content cannot change. */
    public static final int WRITE = 0x8;

    private static final int F_ADD_SEALS = 1033;
    private static final int F_GET_SEALS = 1034;

    private Seals() {}

    /** The seals that are set; empty for a file of a kind that has none. Files that refuse new ones have {@link #SEAL}. */
    public static OptionalInt of(Fd fd) {
        long seals = Kernel.fcntl(fd.number(), F_GET_SEALS, 0);
        if (seals == -Errno.EINVAL) {
            return OptionalInt.empty();
        }
        return OptionalInt.of((int) LinuxException.check(seals, "read the seals of " + fd));
    }

    /** Whether all of {@code seals} are set. */
    public static boolean has(Fd fd, int seals) {
        OptionalInt set = of(fd);
        return set.isPresent() && (set.getAsInt() & seals) == seals;
    }

    /**
     * Sets seals, for every holder of the file.
     *
     * @return false if this file cannot be sealed: it is of another kind, is sealed against sealing, is open for reading
     *     only, or (with {@link #WRITE}) is mapped writable
     */
    public static boolean add(Fd fd, int seals) {
        long result = Kernel.fcntl(fd.number(), F_ADD_SEALS, seals);
        if (result == -Errno.EINVAL || result == -Errno.EPERM || result == -Errno.EBUSY) {
            return false;
        }
        LinuxException.check(result, "seal " + fd);
        return true;
    }
}
