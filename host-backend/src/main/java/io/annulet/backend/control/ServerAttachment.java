package io.annulet.backend.control;

import io.annulet.backend.data.Readiness;
import io.annulet.backend.handover.SentFds;
import io.annulet.linux.Fd;
import io.annulet.linux.LinuxException;
import io.annulet.linux.PassedSockets;
import io.annulet.linux.UnixListener;
import io.annulet.linux.UnixSocket;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * A socket at which front-ends connect, opened here or passed to this process; owned by the control thread.
 *
 * <p>One front-end is served at a time. While it is there, others are accepted and closed at once, so that they can tell.
 * Whoever comes while it is not clear whether the one before is still there, or while that one is being seen off, waits.
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
    private @Nullable UnixSocket undecided;
    private boolean postponed;
    private boolean frozen;
    private boolean inherited;
    private @Nullable Future<?> retry;

    ServerAttachment(GuestEndpoint endpoint, ControlLoop loop, VhostUserOptions options, PortLog log) {
        this.endpoint = endpoint;
        this.loop = loop;
        this.options = options;
        this.log = log;
    }

    @Override
    public void open() {
        UnixListener passed = PassedSockets.ofThisProcess().listenerAt(options.socket());
        UnixListener opened =
                passed != null ? passed : UnixListener.listen(options.socket(), BACKLOG, options.access());
        listener = opened;
        watch = loop.watch(opened.fd(), this::accept);
    }

    private void accept() {
        postponed = false;
        UnixListener open = listener;
        if (open == null || frozen) {
            return;
        }
        try {
            for (int i = 0; i < ACCEPTS_A_TURN; i++) {
                if (!acceptOne(open)) {
                    return;
                }
            }
            loop.execute(this::accept);
        } catch (LinuxException e) {
            log.warn(e.getMessage());
            retry = loop.schedule(RETRY_NANOS, this::accept);
        }
    }

    /** Takes the next connection and finds it a place; false if there is none, or it has to wait. */
    private boolean acceptOne(UnixListener open) {
        UnixSocket next = undecided;
        if (next == null) {
            next = open.accept();
            if (next == null) {
                return false;
            }
            if (!endpoint.admits(next)) {
                return true;
            }
            undecided = next;
        }
        Session current = endpoint.session();
        if (current == null) {
            undecided = null;
            endpoint.attach(next);
            return true;
        }
        // The one before may have left without our having looked. Only now, after the next one was accepted, is it
        // certain that we see it: one front-end that comes back closed its old connection first.
        current.onReady();
        if (!current.isQuiet()) {
            postponed = true;
            return false;
        }
        endpoint.onTurnedAway();
        log.warn("a second front-end tried to connect and was turned away");
        undecided = null;
        next.close();
        return true;
    }

    @Override
    public void onQuiet() {
        if (postponed) {
            accept();
        }
    }

    @Override
    public void onVacant(boolean spoken) {
        accept();
    }

    @Override
    public void freeze() {
        frozen = true;
    }

    @Override
    public void thaw() {
        frozen = false;
        if (listener != null && inherited) {
            inherited = false;
            listener = UnixListener.inherit(options.socket(), listener.fd());
        }
        accept();
    }

    @Override
    public Passed passed(SentFds fds) {
        return new Passed(
                fds.add(listener == null ? null : listener.fd()), fds.add(undecided == null ? null : undecided.fd()));
    }

    @Override
    public void goOnWith(@Nullable Fd listening, @Nullable Fd waiting) {
        frozen = true;
        if (waiting != null) {
            undecided = UnixSocket.adopt(waiting);
        }
        if (listening == null) {
            open();
        } else {
            inherited = true; // the file stays the other process's until this one goes on
            listener = UnixListener.adopt(options.socket(), listening);
            watch = loop.watch(listening, this::accept);
        }
    }

    @Override
    public void leave() {
        if (listener != null) {
            listener = listener.keepingFile();
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
        if (undecided != null) {
            undecided.close();
            undecided = null;
        }
    }
}
