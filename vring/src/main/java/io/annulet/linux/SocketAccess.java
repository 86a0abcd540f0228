package io.annulet.linux;

import org.jspecify.annotations.Nullable;

/**
 * Who may connect to a socket: connecting needs the right to write its file, and its owner may ask who it is besides.
 *
 * @param mode permission bits, such as {@code 0660}
 * @param owner name or number of a user, or null to leave the owner as it is
 * @param group name or number of a group, or null to leave the group as it is
 * @param peers who is served of those who connect
 */
public record SocketAccess(
        int mode, @Nullable String owner, @Nullable String group, PeerRule peers) {
    public SocketAccess {
        if ((mode & ~0777) != 0) {
            throw new IllegalArgumentException("not permission bits: 0" + Integer.toOctalString(mode));
        }
    }

    /** Everybody whom the file lets. */
    public SocketAccess(int mode, @Nullable String owner, @Nullable String group) {
        this(mode, owner, group, PeerRule.ANYBODY);
    }

    /** Access by {@code mode}, owner and group as they are. */
    public static SocketAccess ofMode(int mode) {
        return new SocketAccess(mode, null, null);
    }
}
