package io.annulet.backend.control;

import io.annulet.linux.EventFd;
import io.annulet.linux.Fd;
import io.annulet.linux.FileDescriptors;
import org.jspecify.annotations.Nullable;

/**
 * The descriptors with which both sides notify each other, as a front-end sends them; stateless.
 *
 * <p>They are made not to block. For an eventfd the front-end can undo that at any time, since it holds the same open file
 * description.
 */
final class NotifyFds {

    private static final String PIPE = "pipe:[";
    private static final String SOCKET = "socket:[";

    private NotifyFds() {}

    /** The descriptor to wait for, or null if none came. It must be an eventfd: waiting for other files has effects. */
    static @Nullable EventFd takeKick(Message message) {
        if (message.fdCount() == 0) {
            return null;
        }
        return EventFd.adopt(message.takeFd(0, fd -> {
            if (!EventFd.isEventFd(fd)) {
                throw new MessageFault("a kick descriptor that is no eventfd but " + FileDescriptors.link(fd));
            }
            FileDescriptors.setNonBlocking(fd, true);
        }));
    }

    /** A descriptor that another process of this program took, and passes on. */
    static @Nullable EventFd passedOn(@Nullable Fd fd) {
        if (fd == null) {
            return null;
        }
        return FileDescriptors.link(fd).startsWith(SOCKET) ? EventFd.adoptSocket(fd) : EventFd.adopt(fd);
    }

    /**
     * The descriptor to write calls or errors to, or null if none came: an eventfd, a pipe, or a stream socket as user-mode
     * Linux has it for calls. A pipe is opened again, so that no flag of the front-end's makes a write to it wait.
     */
    static @Nullable EventFd takeSignal(Message message) {
        if (message.fdCount() == 0) {
            return null;
        }
        Fd fd = message.takeFd(0);
        boolean accepted = false;
        try {
            if (EventFd.isEventFd(fd)) {
                FileDescriptors.setNonBlocking(fd, true);
                accepted = true;
                return EventFd.adopt(fd);
            }
            if (FileDescriptors.link(fd).startsWith(PIPE)) {
                return EventFd.adopt(FileDescriptors.reopenForWriting(fd));
            }
            if (FileDescriptors.link(fd).startsWith(SOCKET)) {
                accepted = true;
                return EventFd.adoptSocket(fd);
            }
            throw new MessageFault("a descriptor to signal that is no eventfd but " + FileDescriptors.link(fd));
        } finally {
            if (!accepted) {
                fd.close();
            }
        }
    }
}
