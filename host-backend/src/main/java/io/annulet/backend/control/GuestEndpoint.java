package io.annulet.backend.control;

import io.annulet.backend.data.PortProxy;
import io.annulet.backend.data.RingStanding;
import io.annulet.backend.data.WorkerProxy;
import io.annulet.backend.handover.PassedPort;
import io.annulet.backend.handover.TakenFds;
import io.annulet.backend.port.GuestPort;
import io.annulet.backend.port.GuestShard;
import io.annulet.backend.port.NicDevice;
import io.annulet.backend.port.XdpGuestMemory;
import io.annulet.backend.stats.FrontEndFault;
import io.annulet.backend.stats.PortCounters;
import io.annulet.linux.UnixSocket;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;
import java.util.function.Supplier;
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
    private final StateFolder state;
    private final PortCounters counters;
    private final GuestPort port;
    private final PortProxy proxy;
    private final PortLog log;
    private final Attachment attachment;
    private final PortHandover handover;
    private List<Supplier<MemoryShares>> shares = List.of();
    private final List<CompletableFuture<Void>> closing = new ArrayList<>();
    private @Nullable Session session;
    private RingRecords records = RingRecords.none();
    private boolean closed;
    private @Nullable GuestEndpoint follower;
    private boolean receives;
    private boolean linkIsUp = true;

    /** Read by workers after a fault. */
    private volatile @Nullable Device device;

    private volatile SessionStatus status;
    private final CompletableFuture<Void> lost = new CompletableFuture<>();

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
        this(options, loop, List.of(worker), 0, List.of(counters), StateFolder.none(), limits);
    }

    /**
     * Of a port that several workers may work.
     *
     * @param workers of the domain that the port belongs to
     * @param home the number of the one among them that works the first queue pair
     * @param counters a row for each of them
     * @param state where what outlives this process is kept
     * @param limits what its front-ends may ask for
     */
    public GuestEndpoint(
            VhostUserOptions options,
            ControlLoop loop,
            List<WorkerProxy> workers,
            int home,
            List<PortCounters> counters,
            StateFolder state,
            ControlLimits limits) {
        this.options = options;
        this.state = state;
        this.loop = loop;
        this.limits = limits;
        this.counters = counters.getFirst();
        FromWorkers told = new FromWorkers(this, loop);
        SharedMemory memory = new SharedMemory(() -> device);
        this.port = new GuestPort(options.name(), options.queuePairs(), home, counters, told, memory);
        this.proxy = new PortProxy(port, workers);
        this.log = new PortLog(options.name(), limits.logLinesASecond());
        this.attachment = Attachment.of(this, loop, options, limits, log);
        this.status = SessionStatus.detached(options);
        this.handover = new PortHandover(this, loop, state, proxy);
    }

    /** The port, whose shards the workers work. */
    public GuestPort port() {
        return port;
    }

    /** These may read the memory of front-ends, and keep chains while they do. Before the workers have the port. */
    public void shareWith(List<NicDevice> devices, List<XdpGuestMemory> sockets) {
        List<Supplier<MemoryShares>> all = new ArrayList<>();
        for (NicDevice device : devices) {
            NicShares.Nic nic = new NicShares.Nic(device.port().name(), device.map(), device.counters());
            all.add(() -> new NicShares(loop, nic, log));
        }
        sockets.forEach(socket -> all.add(() -> new XdpShares(loop, socket, log)));
        if (!all.isEmpty()) {
            shares = List.copyOf(all);
            port.shards().forEach(GuestShard::lends);
        }
    }

    public VhostUserOptions options() {
        return options;
    }

    /**
     * From now on this port's link is up while a guest at the other one receives: the two ends of a straight link. The link
     * of a port that follows nobody is always up.
     */
    public void followLink(GuestEndpoint other) {
        loop.execute(() -> {
            other.follower = this;
            onLink(other.receives);
        });
    }

    /** What happened last between this port and its front-ends, as maps, lists, strings and numbers. From any thread. */
    public CompletableFuture<Map<String, Object>> flight(String why) {
        CompletableFuture<Map<String, Object>> read = new CompletableFuture<>();
        loop.execute(() -> readFlight(why, read::complete));
        return read;
    }

    private void readFlight(String why, Consumer<Map<String, Object>> done) {
        SessionStatus then = status;
        FlightRecorder recorder = log.recorder();
        proxy.readRings(rings -> loop.execute(() -> done.accept(recorder.dump(why, then, rings))));
    }

    private void onLink(boolean up) {
        linkIsUp = up;
        if (session != null) {
            session.onLink(up);
        }
    }

    private void tellFollower(boolean nowReceives) {
        if (receives != nowReceives) {
            receives = nowReceives;
            if (follower != null) {
                follower.onLink(nowReceives);
            }
        }
    }

    /** What the front-end has set up, as of its last messages. */
    public SessionStatus status() {
        return status;
    }

    /** Where the rings stand that its workers have, read by them. From any thread. */
    public CompletableFuture<List<RingStanding>> rings() {
        CompletableFuture<List<RingStanding>> read = new CompletableFuture<>();
        proxy.readRings(read::complete);
        return read;
    }

    /** What its front-ends may ask for. */
    public ControlLimits limits() {
        return limits;
    }

    /** Listens, or begins to connect: completes once that is so, or with a LinuxException that says what to do. */
    public CompletableFuture<Void> start() {
        CompletableFuture<Void> started = new CompletableFuture<>();
        loop.execute(() -> {
            try {
                records = state.open(options);
                if (records.isAnyLeft()) {
                    proxy.holdQueues(() -> {});
                }
                attachment.open();
                state.onPortOpen(loop, new HeldPort(this, proxy), records.isAnyLeft());
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
        records.close();
        records = RingRecords.none();
        state.onPortClosed(this);
        closing.forEach(done -> done.complete(null));
        closing.clear();
    }

    /** Completes when the only front-end that this port can ever have, a connection passed to this process, has gone. */
    public CompletableFuture<Void> lost() {
        return lost.copy();
    }

    /** Gives the port to another process, or goes on with what another one gave. */
    public PortHandover handover() {
        return handover;
    }

    // For the attachment and the hand-over, on the control thread.

    Attachment attachment() {
        return attachment;
    }

    boolean linkIsUp() {
        return linkIsUp;
    }

    boolean receives() {
        return receives;
    }

    RingRecords records() {
        return records;
    }

    /** Opens the records of the port's rings; {@link RingRecords#none} leaves them to another process. */
    void records(RingRecords next) {
        records.leave();
        records = next;
        if (device != null) {
            device.records = next;
        }
    }

    /** Goes on with a port that another process served; still until it is thawed. */
    void goOnAs(PassedPort passed, TakenFds fds) {
        linkIsUp = passed.linkIsUp();
        receives = passed.receives();
        PassedPort.Session served = passed.session();
        if (served == null) {
            return;
        }
        Device fresh = newDevice();
        UnixSocket socket = UnixSocket.adopt(fds.takeOne(served.socket()));
        try {
            fresh.goOnAs(served.device(), fds);
            Session next = new Session(loop, socket, fresh, limits, log, new FromSession());
            next.goOnAs(served, fds);
            session = next;
            device = fresh;
        } catch (MessageFault gone) {
            log.warn("its front-end cannot be served any more, and has to come anew: " + gone.getMessage());
        } finally {
            if (session == null) {
                fresh.release();
                socket.close();
            }
        }
    }

    /** Tells whoever asks, and the other end of the link, what became of the front-end meanwhile. */
    void look() {
        Session current = session;
        if (current != null) {
            status = SessionStatus.of(current.device(), current.peerProcessId());
        }
        tellFollower(status.receives());
    }

    private Device newDevice() {
        // What may be missing, or be taken back page by page, is read by this process alone.
        List<MemoryShares> sharing = options.isMemoryPartial()
                ? List.of()
                : shares.stream().map(Supplier::get).toList();
        return new Device(options, limits, proxy, records, sharing).telling(log::warn, () -> state.onLeftBehind(loop));
    }

    /** A record of what was said at this port goes to a file, if any is asked for. */
    void recordFault(String why) {
        log.fault(why);
        state.flights().fault(options.name(), write -> readFlight(why, write));
    }

    void onLost() {
        log.info("the front-end has gone, and its connection was all there was");
        lost.complete(null);
    }

    @Nullable
    Session session() {
        return session;
    }

    /** A front-end is connected, and no other one is. */
    void attach(UnixSocket socket) {
        try {
            Device fresh = newDevice();
            fresh.net.linkUp(linkIsUp);
            device = fresh;
            Session next = new Session(loop, socket, fresh, limits, log, new FromSession());
            session = next;
            status = SessionStatus.of(fresh, next.peerProcessId());
            counters.session();
        } catch (RuntimeException | OutOfMemoryError e) {
            Session begun = session;
            if (begun != null) {
                begun.end("it could not be served");
            } else {
                device = null;
                socket.close();
                attachment.onVacant(false);
            }
            log.error("a front-end connected and could not be served", e);
        }
    }

    /** Whether who is at the other end may be; who may not is counted, and its connection closed. */
    boolean admits(UnixSocket socket) {
        UnixSocket.PeerCredentials peer = socket.peerCredentials();
        if (options.access().peers().admits(peer)) {
            return true;
        }
        counters.frontEndFault(FrontEndFault.NOT_ALLOWED);
        log.warn("process " + peer.processId() + " of user " + peer.userId() + " and group " + peer.groupId()
                + " is not served: allow-uid and allow-gid say who is");
        socket.close();
        return false;
    }

    /** A front-end connected while another one is there. */
    void onTurnedAway() {
        counters.frontEndFault(FrontEndFault.TURNED_AWAY);
    }

    /** What sessions tell; on the control thread. */
    private final class FromSession implements Session.Owner {

        @Override
        public void onSessionChanged(Session changed) {
            if (changed.isConnected()) {
                status = SessionStatus.of(changed.device(), changed.peerProcessId());
                tellFollower(status.receives());
                state.hold().look();
            }
            if (changed.isQuiet()) {
                attachment.onQuiet();
            }
        }

        @Override
        public void onSessionEnded(Session ended) {
            session = null;
            device = null;
            state.onServed();
            tellFollower(false);
            status = SessionStatus.detached(options);
            if (closed) {
                completeClosing();
            } else {
                attachment.onVacant(ended.messages() > 0);
            }
        }

        @Override
        public void onFault(FrontEndFault fault) {
            counters.frontEndFault(fault);
            recordFault(fault.label());
        }
    }
}
