package io.annulet.backend.control;

import io.annulet.backend.data.PortProxy;
import io.annulet.backend.data.WorkerProxy;
import io.annulet.backend.port.GuestPort;
import io.annulet.backend.port.PortListener;
import io.annulet.backend.stats.PortCounters;
import io.annulet.linux.UnixSocket;
import io.annulet.vring.RingFault;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * A port for a guest: its socket, and the session of the front-end that is connected. Made, started, closed and asked by
 * any thread; what happens in between is the control thread's.
 *
 * <p>The port's shards are given to their workers before {@link #start} and taken from them after {@link #close} has
 * completed. Front-ends come and go meanwhile, one at a time.
 */
public final class GuestEndpoint {

    private final VhostUserOptions options;
    private final ControlLoop loop;
    private final ControlLimits limits;
    private final PortCounters counters;
    private final GuestPort port;
    private final PortProxy proxy;
    private final PortLog log;
    private final Attachment attachment;
    private final List<CompletableFuture<Void>> closing = new ArrayList<>();
    private @Nullable Session session;
    private boolean closed;

    /** Read by workers after a fault. */
    private volatile @Nullable Device device;

    private volatile SessionStatus status;

    /** Of a port that one worker works. */
    public GuestEndpoint(VhostUserOptions options, ControlLoop loop, WorkerProxy worker, PortCounters counters) {
        this(options, loop, worker, counters, ControlLimits.DEFAULTS);
    }

    GuestEndpoint(
            VhostUserOptions options,
            ControlLoop loop,
            WorkerProxy worker,
            PortCounters counters,
            ControlLimits limits) {
        this(options, loop, List.of(worker), 0, List.of(counters), limits);
    }

    /**
     * @param workers of the domain that the port belongs to
     * @param home the number of the one among them that works the first queue pair
     * @param counters a row for each of them
     */
    public GuestEndpoint(
            VhostUserOptions options,
            ControlLoop loop,
            List<WorkerProxy> workers,
            int home,
            List<PortCounters> counters) {
        this(options, loop, workers, home, counters, ControlLimits.DEFAULTS);
    }

    private GuestEndpoint(
            VhostUserOptions options,
            ControlLoop loop,
            List<WorkerProxy> workers,
            int home,
            List<PortCounters> counters,
            ControlLimits limits) {
        this.options = options;
        this.loop = loop;
        this.limits = limits;
        this.counters = counters.getFirst();
        this.port = new GuestPort(
                options.name(), options.queuePairs(), home, counters, new FromWorker(), this::isMemoryWhole);
        this.proxy = new PortProxy(port, workers);
        this.log = new PortLog(options.name(), limits.logLinesASecond());
        this.attachment = options.mode() == VhostUserOptions.Mode.SERVER
                ? new ServerAttachment(this, loop, options, log)
                : new ClientAttachment(this, loop, options, limits, log);
        this.status = SessionStatus.detached(options);
    }

    /** The port, whose shards the workers work. */
    public GuestPort port() {
        return port;
    }

    public VhostUserOptions options() {
        return options;
    }

    /** What the front-end has set up, as of its last messages. */
    public SessionStatus status() {
        return status;
    }

    /**
     * Listens, or begins to connect. Completes once that is so, exceptionally with a
     * {@link io.annulet.linux.LinuxException} that says what to do if it is not possible.
     */
    public CompletableFuture<Void> start() {
        CompletableFuture<Void> started = new CompletableFuture<>();
        loop.execute(() -> {
            try {
                attachment.open();
                started.complete(null);
            } catch (RuntimeException e) {
                started.completeExceptionally(e);
            }
        });
        return started;
    }

    /** Closes socket and session. Completes once the worker has left the guest's memory and everything is free. */
    public CompletableFuture<Void> close() {
        CompletableFuture<Void> done = new CompletableFuture<>();
        loop.execute(() -> {
            closed = true;
            attachment.close();
            closing.add(done);
            Session current = session;
            if (current == null) {
                completeClosing();
            } else {
                current.end("the port is closed");
            }
        });
        return done;
    }

    private void completeClosing() {
        closing.forEach(done -> done.complete(null));
        closing.clear();
    }

    // For the attachment, on the control thread.

    @Nullable
    Session session() {
        return session;
    }

    /** A front-end is connected, and no other one is. */
    void attach(UnixSocket socket) {
        Device fresh = new Device(options, proxy);
        device = fresh;
        try {
            Session next = new Session(loop, socket, fresh, limits, log, new FromSession());
            session = next;
            status = SessionStatus.of(fresh, next.peerProcessId());
            counters.session();
        } catch (RuntimeException e) {
            log.error("a front-end connected and could not be served", e);
            socket.close();
            attachment.onVacant(false);
        }
    }

    private boolean isMemoryWhole() {
        Device current = device;
        return current == null || current.memory().isWhole();
    }

    /** What sessions tell; on the control thread. */
    private final class FromSession implements Session.Owner {

        @Override
        public void onSessionChanged(Session changed) {
            if (changed.isConnected()) {
                status = SessionStatus.of(changed.device(), changed.peerProcessId());
            }
            if (changed.isQuiet()) {
                attachment.onQuiet();
            }
        }

        @Override
        public void onSessionEnded(Session ended) {
            session = null;
            device = null;
            status = SessionStatus.detached(options);
            if (closed) {
                completeClosing();
            } else {
                attachment.onVacant(ended.messages() > 0);
            }
        }
    }

    /** What workers tell, on their own threads; handed over. */
    private final class FromWorker implements PortListener {

        @Override
        public void onRingBroken(int queueIndex, RingFault fault) {
            loop.execute(() -> {
                Session current = session;
                if (current != null) {
                    current.onRingBroken(queueIndex, fault);
                }
            });
        }

        @Override
        public void onMemoryLost(int epoch) {
            loop.execute(() -> {
                Session current = session;
                if (current != null && epoch == port.epoch()) {
                    current.onMemoryLost();
                }
            });
        }
    }
}
