package io.annulet.backend.control;

import io.annulet.backend.handover.SentFds;
import io.annulet.linux.Fd;
import io.annulet.linux.PassedSockets;
import io.annulet.linux.UnixSocket;
import org.jspecify.annotations.Nullable;

/**
 * The one connection that whoever started this process made for it; owned by the control thread. When its front-end has
 * gone nobody else can come, and the endpoint is told so.
 */
final class PassedAttachment implements Attachment {

    private final GuestEndpoint endpoint;
    private final VhostUserOptions options;
    private boolean closed;

    PassedAttachment(GuestEndpoint endpoint, VhostUserOptions options) {
        this.endpoint = endpoint;
        this.options = options;
    }

    @Override
    public void open() {
        UnixSocket socket = PassedSockets.connectedAt(options.socket());
        if (endpoint.admits(socket)) {
            endpoint.attach(socket);
        } else {
            endpoint.onLost();
        }
    }

    @Override
    public void onQuiet() {
        // Nobody else can come.
    }

    @Override
    public void onVacant(boolean spoken) {
        if (!closed) {
            endpoint.onLost();
        }
    }

    // Whether there is such a port is asked before any hand-over begins, which is then refused.

    @Override
    public void freeze() {
        throw notHandedOver();
    }

    @Override
    public void thaw() {
        throw notHandedOver();
    }

    @Override
    public Passed passed(SentFds fds) {
        throw notHandedOver();
    }

    @Override
    public void goOnWith(@Nullable Fd listener, @Nullable Fd waiting) {
        throw notHandedOver();
    }

    @Override
    public void leave() {
        throw notHandedOver();
    }

    private static IllegalStateException notHandedOver() {
        return new IllegalStateException("a connection that was passed to the process is not handed over");
    }

    @Override
    public void close() {
        closed = true;
    }
}
