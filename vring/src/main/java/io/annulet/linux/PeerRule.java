package io.annulet.linux;

import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;

/**
 * Whose processes may be at the other end of a socket, by the word of the kernel (SO_PEERCRED, unix(7)): the effective user
 * and group that the process had when it connected, or listened. Who is of one of the users or of one of the groups may;
 * where neither is named, everybody whom the socket's file lets.
 */
public record PeerRule(Set<Integer> userIds, Set<Integer> groupIds) {
    public static final PeerRule ANYBODY = new PeerRule(Set.of(), Set.of());

    public PeerRule {
        userIds = Set.copyOf(userIds);
        groupIds = Set.copyOf(groupIds);
    }

    public boolean admits(UnixSocket.PeerCredentials peer) {
        return (userIds.isEmpty() && groupIds.isEmpty())
                || userIds.contains(peer.userId())
                || groupIds.contains(peer.groupId());
    }

    /** As options of a port have it; empty for everybody. */
    @Override
    public String toString() {
        return words(",allow-uid=", userIds) + words(",allow-gid=", groupIds);
    }

    private static String words(String option, Set<Integer> ids) {
        return ids.isEmpty()
                ? ""
                : option + new TreeSet<>(ids).stream().map(String::valueOf).collect(Collectors.joining("+"));
    }
}
