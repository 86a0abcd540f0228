package io.annulet.linux;

import java.util.Objects;

/**
 * A kernel call on the control path failed. The message is one line: what was tried, what the kernel said, and where it
 * is known, what to check.
 */
public final class LinuxException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final String action;
    private final int errno;

    /** A failure of {@code action} with the (positive) error number {@code errno}. */
    public LinuxException(String action, int errno) {
        this(action, errno, "");
    }

    /** As above, with a {@code remedy} such as "check that /dev/net/tun exists"; it is left out when empty. */
    public LinuxException(String action, int errno, String remedy) {
        super(line(action, errno, remedy));
        this.action = action;
        this.errno = errno;
    }

    /** The line; there always is one. */
    @Override
    public String getMessage() {
        return Objects.requireNonNull(super.getMessage());
    }

    /** What was tried, such as {@code open /dev/net/tun}. */
    public String action() {
        return action;
    }

    /** The positive error number, one of the constants of {@link Errno} in most cases. */
    public int errno() {
        return errno;
    }

    /** The name of the error number, such as {@code EACCES}. */
    public String errnoName() {
        return Errno.name(errno);
    }

    /** Returns {@code result}, or throws if it is a negative error number. */
    static long check(long result, String action) {
        return check(result, action, "");
    }

    static long check(long result, String action, String remedy) {
        if (result < 0) {
            throw new LinuxException(action, (int) -result, remedy);
        }
        return result;
    }

    private static String line(String action, int errno, String remedy) {
        String what = action + ": " + Errno.message(errno) + " (" + Errno.name(errno) + ")";
        return remedy.isEmpty() ? what : what + "; " + remedy;
    }
}
