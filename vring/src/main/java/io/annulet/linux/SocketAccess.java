package io.annulet.linux;

import org.jspecify.annotations.Nullable;

/**
 * Who may connect to a socket file: connecting needs the right to write it.
 *
 * @param mode permission bits, such as {@code 0660}
 * @param owner name or number of a user, or null to leave the owner as it is
 * @param group name or number of a group, or null to leave the group as it is
 */
public record SocketAccess(
        int mode, @Nullable String owner, @Nullable String group) {
    public SocketAccess {
        if ((mode & ~0777) != 0) {
            throw new IllegalArgumentException("not permission bits: 0" + Integer.toOctalString(mode));
        }
    }

    /** Access by {@code mode}, owner and group as they are. */
    public static SocketAccess ofMode(int mode) {
        return new SocketAccess(mode, null, null);
    }
}
