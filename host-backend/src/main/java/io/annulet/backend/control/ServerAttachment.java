package io.annulet.backend.control;

import io.annulet.backend.data.Readiness;
import io.annulet.linux.LinuxException;
import io.annulet.linux.UnixListener;
import io.annulet.linux.UnixSocket;
import java.util.ArrayDeque;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * A socket at which front-ends connect; owned by the control thread.
 *
 * <p>One front-end is served at a time. While it is there, others are accepted and closed at once, so that they can tell;
 * those that come while the one before is being seen off wait that long, for the first of them may have left again.
 */
final class ServerAttachment implements Attachment {

    private static final int BACKLOG = 16;

    /** Connections that are turned away before other ports have their turn. */
    private static final int ACCEPTS_A_TURN = 16;

    private static final long RETRY_NANOS = TimeUnit.SECONDS.toNanos(1);

    private final GuestEndpoint endpoint;
    private final ControlLoop loop;
    private final VhostUserOptions options;
    private final PortLog log;
    private @Nullable UnixListener listener;
    private Readiness.@Nullable Watch watch;
    private final ArrayDeque<UnixSocket> waiting = new ArrayDeque<>();
    private @Nullable Future<?> retry;

    ServerAttachment(GuestEndpoint endpoint, ControlLoop loop, VhostUserOptions options, PortLog log) {
        this.endpoint = endpoint;
        this.loop = loop;
        this.options = options;
        this.log = log;
    }

    @Override
    public void open() {
        UnixListener opened = UnixListener.listen(options.socket(), BACKLOG, options.access());
        listener = opened;
        watch = loop.watch(opened.fd(), this::accept);
    }

    private void accept() {
        UnixListener open = listener;
        if (open == null) {
            return;
        }
        try {
            for (int i = 0; i < ACCEPTS_A_TURN; i++) {
                UnixSocket socket = open.accept();
                if (socket == null) {
                    return;
                }
                place(socket);
            }
            loop.execute(this::accept);
        } catch (LinuxException e) {
            log.warn(e.getMessage());
            retry = loop.schedule(RETRY_NANOS, this::accept);
        }
    }

    private void place(UnixSocket socket) {
        Session current = endpoint.session();
        if (current == null) {
            endpoint.attach(socket);
            return;
        }
        // The one before may have left without our having looked.
        current.onReady();
        if (!current.isConnected() && waiting.size() < BACKLOG) {
            waiting.add(socket);
            return;
        }
        turnAway(socket);
    }

    private void turnAway(UnixSocket socket) {
        log.warn("a second front-end tried to connect and was turned away");
        socket.close();
    }

    @Override
    public void onVacant(boolean spoken) {
        UnixSocket next = waiting.poll();
        if (next == null) {
            return;
        }
        endpoint.attach(next);
        Session current = endpoint.session();
        if (current != null) {
            current.onReady();
            if (current.isConnected()) {
                waiting.forEach(this::turnAway);
                waiting.clear();
            }
        }
    }

    @Override
    public void close() {
        if (watch != null) {
            watch.close();
            watch = null;
        }
        if (retry != null) {
            retry.cancel(false);
            retry = null;
        }
        if (listener != null) {
            listener.close();
            listener = null;
        }
        waiting.forEach(UnixSocket::close);
        waiting.clear();
    }
}
