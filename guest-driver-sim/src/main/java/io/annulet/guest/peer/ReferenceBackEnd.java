package io.annulet.guest.peer;

import io.annulet.guest.NetHeaderLayout;
import io.annulet.linux.LinuxException;
import io.annulet.linux.SocketAccess;
import io.annulet.linux.UnixListener;
import io.annulet.linux.UnixSocket;
import io.annulet.vhostuser.VirtioFeature;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * A vhost-user net back-end, as small as one can be: it links ports by two, 0 with 1, 2 with 3; a last one alone gets its
 * own frames back. It copies frames, polls, trusts its front-ends and loses nothing, but for the {@link Fault} it has.
 *
 * <p>Its own thread does all of that; anyone may make and close it.
 */
public final class ReferenceBackEnd implements AutoCloseable {

    private static final int POLLS_A_LOOK = 64;
    private static final int POLLS_BEFORE_SLEEP = 2_000;
    private static final long SLEEP_NANOS = 50_000;
    private static final SocketAccess OWNER_ONLY = SocketAccess.ofMode(0600);

    private final BackEndOptions options;
    private final List<UnixListener> listeners = new ArrayList<>();
    private final @Nullable PeerSession[] sessions;
    private final FrameMover[] movers;
    private final Thread thread;
    private volatile boolean closed;
    private volatile @Nullable RuntimeException failure;
    private int polls;
    private int idlePolls;

    private ReferenceBackEnd(BackEndOptions options, int ports) {
        this.options = options;
        this.sessions = new @Nullable PeerSession[ports];
        this.movers = new FrameMover[ports * options.queuePairs()];
        for (int i = 0; i < movers.length; i++) {
            movers[i] = new FrameMover(options.fault(), options.every());
        }
        this.thread = Thread.ofPlatform().daemon().name("reference-back-end").unstarted(this::run);
    }

    /** One with a port at each path, where front-ends may come and go, one at a time. */
    public static ReferenceBackEnd listen(List<Path> paths, BackEndOptions options) {
        ReferenceBackEnd backEnd = new ReferenceBackEnd(options, paths.size());
        boolean complete = false;
        try {
            paths.forEach(path -> backEnd.listeners.add(UnixListener.listen(path, 1, OWNER_ONLY)));
            backEnd.thread.start();
            complete = true;
            return backEnd;
        } finally {
            if (!complete) {
                backEnd.listeners.forEach(UnixListener::close);
            }
        }
    }

    /** One with a port at the other end of each connection, which it owns from now on. */
    public static ReferenceBackEnd over(List<UnixSocket> sockets, BackEndOptions options) {
        ReferenceBackEnd backEnd = new ReferenceBackEnd(options, sockets.size());
        for (int port = 0; port < sockets.size(); port++) {
            backEnd.sessions[port] = new PeerSession(sockets.get(port), options);
        }
        backEnd.thread.start();
        return backEnd;
    }

    private void run() {
        try {
            while (!closed && !hasFault(Fault.CLOSES)) {
                if (hasFault(Fault.HANGS)) {
                    LockSupport.parkNanos(SLEEP_NANOS);
                } else {
                    turn();
                }
            }
        } catch (RuntimeException e) {
            failure = e;
        } finally {
            listeners.forEach(UnixListener::close);
            for (int port = 0; port < sessions.length; port++) {
                end(port);
            }
        }
    }

    private boolean hasFault(Fault kind) {
        for (FrameMover mover : movers) {
            if (mover.isDue(kind)) {
                return true;
            }
        }
        return false;
    }

    private void turn() {
        if (++polls % POLLS_A_LOOK == 0 || idlePolls > POLLS_BEFORE_SLEEP) {
            look();
        }
        int moved = 0;
        for (int port = 0; port < sessions.length; port++) {
            moved += work(port);
        }
        idlePolls = moved > 0 ? 0 : idlePolls + 1;
        if (idlePolls > POLLS_BEFORE_SLEEP) {
            LockSupport.parkNanos(SLEEP_NANOS);
        }
    }

    /** Looks for front-ends and their messages. */
    private void look() {
        for (int port = 0; port < sessions.length; port++) {
            PeerSession session = sessions[port];
            if (session == null) {
                accept(port);
            } else if (!serve(session)) {
                end(port);
            }
        }
    }

    private void accept(int port) {
        UnixSocket socket = listeners.isEmpty() ? null : listeners.get(port).accept();
        if (socket != null) {
            sessions[port] = new PeerSession(socket, options);
        }
    }

    private static boolean serve(PeerSession session) {
        try {
            return session.serve();
        } catch (LinuxException e) {
            return false; // the front-end is gone while it was answered
        }
    }

    private void end(int port) {
        PeerSession session = sessions[port];
        sessions[port] = null;
        if (session != null) {
            session.close();
        }
    }

    /** Moves what a port sent; returns how many frames. */
    private int work(int port) {
        PeerSession from = sessions[port];
        if (from == null) {
            return 0;
        }
        int other = port ^ 1;
        PeerSession to = other < sessions.length ? sessions[other] : from;
        int moved = 0;
        for (int pair = 0; pair < options.queuePairs(); pair++) {
            DeviceQueue queue = from.transmitQueue(pair);
            if (queue != null) {
                moved += move(movers[port * options.queuePairs() + pair], from, pair, queue, to);
            }
        }
        return moved;
    }

    private static int move(FrameMover mover, PeerSession from, int pair, DeviceQueue queue, @Nullable PeerSession to) {
        int headerByteLength = NetHeaderLayout.byteLength(from.features());
        DeviceQueue target = to == null || !from.isTransmitEnabled(pair) ? null : receiveQueue(to, pair);
        if (to == null || target == null) {
            return mover.move(queue, null, headerByteLength, false);
        }
        if (headerByteLength != NetHeaderLayout.byteLength(to.features())) {
            throw new IllegalStateException("two front-ends with different headers, which this back-end cannot link");
        }
        return mover.move(queue, target, headerByteLength, (to.features() & VirtioFeature.NET_MRG_RXBUF) != 0);
    }

    /** The queue of this pair, or of the first one if there is none. */
    private static @Nullable DeviceQueue receiveQueue(PeerSession to, int pair) {
        DeviceQueue queue = to.receiveQueue(pair);
        return queue != null ? queue : to.receiveQueue(0);
    }

    /**
     * Closes sockets and connections.
     *
     * @throws IllegalStateException if the back-end had failed by itself, which is a mistake here or in its front-end
     */
    @Override
    public void close() {
        closed = true;
        try {
            thread.join();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        if (failure != null) {
            throw new IllegalStateException("the reference back-end failed", failure);
        }
    }
}
