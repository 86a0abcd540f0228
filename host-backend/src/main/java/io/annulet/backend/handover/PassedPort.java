package io.annulet.backend.handover;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A guest's port as it is passed on; immutable.
 *
 * @param socket its path, absolute
 * @param listener the socket that listens there, unless the front-end does
 * @param waiting a front-end that was accepted and not looked at yet
 * @param linkIsUp whether the other end of its link receives
 * @param receives whether the port receives itself
 * @param session null if no front-end is connected
 */
public record PassedPort(
        String name,
        String socket,
        int listener,
        int waiting,
        boolean linkIsUp,
        boolean receives,
        @Nullable Session session) {

    /**
     * A connected front-end.
     *
     * @param messages complete ones so far
     * @param unread in hexadecimal digits, the beginning of a message that is not complete, and what descriptors came with it
     * @param unsent in hexadecimal digits, what it has not taken of a reply, and what descriptors go with it
     */
    public record Session(
            int socket,
            long messages,
            String unread,
            List<Integer> unreadFds,
            String unsent,
            List<Integer> unsentFds,
            PassedDevice device) {
        public Session {
            unsentFds = PassedState.orNothing(unsentFds);
            unreadFds = PassedState.orNothing(unreadFds);
        }
    }
}
