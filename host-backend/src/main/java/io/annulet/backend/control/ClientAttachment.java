package io.annulet.backend.control;

import io.annulet.backend.handover.PassedState;
import io.annulet.backend.handover.SentFds;
import io.annulet.linux.Fd;
import io.annulet.linux.LinuxException;
import io.annulet.linux.UnixSocket;
import java.util.concurrent.Future;
import org.jspecify.annotations.Nullable;

/**
 * Connects to the socket at which a front-end listens, for ever again and with growing pauses; owned by the control
 * thread.
 */
final class ClientAttachment implements Attachment {

    private final GuestEndpoint endpoint;
    private final ControlLoop loop;
    private final VhostUserOptions options;
    private final ControlLimits limits;
    private final PortLog log;
    private long pauseNanos;
    private @Nullable Future<?> attempt;
    private String lastFailure = "";
    private boolean closed;
    private boolean frozen;

    ClientAttachment(
            GuestEndpoint endpoint, ControlLoop loop, VhostUserOptions options, ControlLimits limits, PortLog log) {
        this.endpoint = endpoint;
        this.loop = loop;
        this.options = options;
        this.limits = limits;
        this.log = log;
        this.pauseNanos = limits.connectMinNanos();
    }

    @Override
    public void open() {
        connect();
    }

    private void connect() {
        attempt = null;
        if (closed || frozen) {
            return;
        }
        try {
            UnixSocket socket = UnixSocket.connect(options.socket());
            lastFailure = "";
            if (endpoint.admits(socket)) {
                endpoint.attach(socket);
            } else {
                retry();
            }
        } catch (LinuxException e) {
            if (!e.getMessage().equals(lastFailure)) {
                lastFailure = e.getMessage();
                log.info(lastFailure + "; trying on");
            }
            retry();
        }
    }

    private void retry() {
        attempt = loop.schedule(pauseNanos, this::connect);
        pauseNanos = Math.min(2 * pauseNanos, limits.connectMaxNanos());
    }

    @Override
    public void onQuiet() {
        // Nobody else can come.
    }

    /** A front-end that hung up without a word gets longer and longer pauses, like one that is not there. */
    @Override
    public void onVacant(boolean spoken) {
        if (spoken) {
            pauseNanos = limits.connectMinNanos();
        }
        retry();
    }

    @Override
    public void freeze() {
        frozen = true;
    }

    @Override
    public void thaw() {
        frozen = false;
        if (endpoint.session() == null && attempt == null) {
            connect();
        }
    }

    @Override
    public Passed passed(SentFds fds) {
        return new Passed(PassedState.NO_FD, PassedState.NO_FD);
    }

    @Override
    public void goOnWith(@Nullable Fd listener, @Nullable Fd waiting) {
        frozen = true;
    }

    @Override
    public void leave() {
        // The socket is the front-end's.
    }

    @Override
    public void close() {
        closed = true;
        Future<?> next = attempt;
        if (next != null) {
            next.cancel(false);
            attempt = null;
        }
    }
}
