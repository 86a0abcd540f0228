package io.annulet.guest;

import io.annulet.linux.UnixSocket;
import io.annulet.vhostuser.MessageLayout;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The front-end's end of the channel on which a back-end sends requests (SET_BACKEND_REQ_FD); used by one thread.
 * {@link io.annulet.vhostuser.BackendRequest} lists them.
 */
public final class BackendChannel implements AutoCloseable {

    private static final long TIMEOUT_NANOS = 5_000_000_000L;

    private final MessageSocket socket;

    BackendChannel(UnixSocket socket) {
        this.socket = new MessageSocket(socket);
    }

    /** The back-end's next request, or null if none came in time or the channel is closed. */
    public @Nullable Message receive(long timeoutNanos) {
        return socket.receive(timeoutNanos);
    }

    /** Answers a request that needs a reply: 0 for success. */
    public void reply(Message request, long status) {
        byte[] payload = Payloads.u64(status);
        socket.send(
                request.request(), MessageLayout.VERSION | MessageLayout.FLAG_REPLY, payload, List.of(), TIMEOUT_NANOS);
    }

    /** Whether the back-end was found to have closed it. */
    public boolean isClosed() {
        return socket.hasEnded();
    }

    @Override
    public void close() {
        socket.close();
    }
}
