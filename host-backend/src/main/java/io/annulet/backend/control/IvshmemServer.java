package io.annulet.backend.control;

import io.annulet.backend.data.Readiness;
import io.annulet.channel.IvshmemMessage;
import io.annulet.linux.EventFd;
import io.annulet.linux.Fd;
import io.annulet.linux.FileDescriptors;
import io.annulet.linux.LinuxException;
import io.annulet.linux.Memfd;
import io.annulet.linux.Privileges;
import io.annulet.linux.Seals;
import io.annulet.linux.UnixListener;
import io.annulet.linux.UnixSocket;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Serves one channel's memory by QEMU's ivshmem protocol; owned by the control thread, started and closed by any.
 *
 * <p>A peer's connection says that it is there, and nothing else: only the server speaks. Whoever does not take what it is
 * told is given up, since a server that waits for one peer stalls the others.
 *
 * <p>QEMU reads the set-up once and refuses a second one. So listener, memory, connections and eventfds are put into the
 * store as they are made, under names that say what they are, and the next process goes on with them:
 * docs/design/0020 has the names.
 */
public final class IvshmemServer {
    private static final int BACKLOG = 16;
    private static final int MAX_PEERS = 64;
    private static final int LOG_LINES_A_SECOND = 10;
    private static final long RETRY_NANOS = TimeUnit.SECONDS.toNanos(1);

    private final IvshmemOptions options;
    private final ControlLoop loop;
    private final FdStore store;
    private final PortLog log;
    private final Map<Integer, IvshmemSession> peers = new TreeMap<>();
    private int nextId;
    private @Nullable UnixListener listener;
    private @Nullable Fd memory;
    private Readiness.@Nullable Watch watch;
    private @Nullable Future<?> retry;

    public IvshmemServer(IvshmemOptions options, ControlLoop loop, FdStore store) {
        this.options = options;
        this.loop = loop;
        this.store = store;
        this.log = new PortLog(options.name(), LOG_LINES_A_SECOND);
    }

    public IvshmemOptions options() {
        return options;
    }

    /**
     * Opens the channel, or goes on with what an earlier process left.
     *
     * @param kept what the store holds; what is of this channel is taken out of the map
     */
    public CompletableFuture<Void> start(Map<String, Fd> kept) {
        CompletableFuture<Void> started = new CompletableFuture<>();
        loop.execute(() -> {
            try {
                open(kept);
                started.complete(null);
            } catch (RuntimeException e) {
                started.completeExceptionally(e);
            }
        });
        return started;
    }

    private void open(Map<String, Fd> kept) {
        Fd keptMemory = kept.remove(KeptNames.memory(options));
        Fd keptListener = kept.remove(KeptNames.listener(options));
        Fd theMemory = keptMemory == null ? makeMemory() : checked(keptMemory);
        memory = theMemory;
        UnixListener opened = keptListener == null ? listen() : UnixListener.adopt(options.socket(), keptListener);
        listener = opened;
        for (KeptPeer peer : KeptPeer.of(options, kept, store)) {
            goOnWith(peer);
        }
        watch = loop.watch(opened.fd(), this::accept);
        accept();
    }

    private Fd makeMemory() {
        Fd made = Memfd.create("annulet-channel-" + options.name(), options.byteLength(), true);
        // Whoever could shorten the file could end every process that reads it.
        if (!Seals.add(made, Seals.SHRINK | Seals.GROW | Seals.SEAL)) {
            made.close();
            throw new IllegalStateException("the kernel does not seal the memory of channel " + options.name());
        }
        store.put(KeptNames.memory(options), made);
        return made;
    }

    private Fd checked(Fd kept) {
        long byteLength = FileDescriptors.status(kept).byteLength();
        if (byteLength != options.byteLength()) {
            throw new IllegalArgumentException("channel " + options.name() + " has " + byteLength
                    + " bytes of memory, which its peers map: keep size=, or stop the holder");
        }
        return kept;
    }

    private UnixListener listen() {
        UnixListener made = UnixListener.listen(options.socket(), BACKLOG, options.access());
        store.put(KeptNames.listener(options), made.fd());
        return store.keeps() ? made.keepingFile() : made;
    }

    private void goOnWith(KeptPeer kept) {
        IvshmemSession peer = new IvshmemSession(kept.id(), UnixSocket.adopt(kept.socket()), kept.vectors());
        peers.put(peer.id(), peer);
        nextId = Math.max(nextId, peer.id() + 1) % IvshmemMessage.MAX_PEERS;
        watch(peer);
        log.info("peer " + peer.id() + " is still here");
    }

    private void watch(IvshmemSession peer) {
        peer.watch(loop.watch(peer.socket().fd(), () -> onReadable(peer)));
    }

    private void accept() {
        UnixListener open = listener;
        if (open == null) {
            return;
        }
        try {
            for (int i = 0; i < BACKLOG; i++) {
                UnixSocket socket = open.accept();
                if (socket == null) {
                    return;
                }
                welcome(socket);
            }
            loop.execute(this::accept);
        } catch (LinuxException e) {
            log.warn(e.getMessage());
            retry = loop.schedule(RETRY_NANOS, this::accept);
        }
    }

    private void welcome(UnixSocket socket) {
        UnixSocket.PeerCredentials who = socket.peerCredentials();
        if (!mayAttach(who.userId())) {
            log.warn("user " + who.userId() + " (process " + who.processId()
                    + ") may not attach and was turned away; peers= names those who may");
            socket.close();
        } else if (peers.size() >= MAX_PEERS) {
            log.warn("there are " + MAX_PEERS + " peers already, and process " + who.processId() + " was turned away");
            socket.close();
        } else {
            attach(socket, who);
        }
    }

    private boolean mayAttach(int user) {
        return options.users().isEmpty()
                ? user == 0 || user == Privileges.effectiveUserId()
                : options.users().contains(user);
    }

    private void attach(UnixSocket socket, UnixSocket.PeerCredentials who) {
        int id = freshId();
        IvshmemSession peer = new IvshmemSession(id, socket, makeVectors(id));
        store.put(KeptNames.socket(options, id), socket.fd());
        List<IvshmemSession> others = List.copyOf(peers.values());
        peers.put(id, peer);
        watch(peer);
        if (!introduce(peer, others)) {
            drop(peer, "does not take its set-up");
            return;
        }
        for (IvshmemSession other : others) {
            if (!other.tellOf(peer)) {
                drop(other, "does not take what it is told");
            }
        }
        log.info("peer " + id + " is here: process " + who.processId() + " of user " + who.userId());
    }

    /** QEMU frees what it has of a peer that leaves, and uses it again if another one comes under the same number. */
    private int freshId() {
        while (peers.containsKey(nextId)) {
            nextId = (nextId + 1) % IvshmemMessage.MAX_PEERS;
        }
        int id = nextId;
        nextId = (id + 1) % IvshmemMessage.MAX_PEERS;
        return id;
    }

    private List<EventFd> makeVectors(int id) {
        List<EventFd> vectors = new ArrayList<>();
        for (int vector = 0; vector < options.vectors(); vector++) {
            EventFd made = EventFd.create(true, 0);
            vectors.add(made);
            store.put(KeptNames.vector(options, id, vector), made.fd());
        }
        return vectors;
    }

    private boolean introduce(IvshmemSession peer, List<IvshmemSession> others) {
        return peer.say(IvshmemMessage.VERSION, null)
                && peer.say(peer.id(), null)
                && peer.say(IvshmemMessage.MEMORY, memory)
                && others.stream().allMatch(peer::tellOf)
                && peer.tellOf(peer);
    }

    private void onReadable(IvshmemSession peer) {
        if (peers.get(peer.id()) == peer && !peer.isSilent()) {
            drop(peer, "has left");
        }
    }

    private void drop(IvshmemSession peer, String why) {
        if (!peers.remove(peer.id(), peer)) {
            return;
        }
        log.info("peer " + peer.id() + " " + why);
        KeptPeer.forget(options, peer.id(), store);
        peer.close();
        for (IvshmemSession other : List.copyOf(peers.values())) {
            if (!other.say(peer.id(), null)) {
                drop(other, "does not take what it is told");
            }
        }
    }

    /** Who is attached; from the control thread. */
    int peerCount() {
        return peers.size();
    }

    /** Closes what this process holds. What the store keeps stays with the peers. */
    public CompletableFuture<Void> close() {
        CompletableFuture<Void> closed = new CompletableFuture<>();
        loop.execute(() -> {
            if (watch != null) {
                watch.close();
            }
            if (retry != null) {
                retry.cancel(false);
            }
            if (listener != null) {
                listener.close();
                listener = null;
            }
            peers.values().forEach(IvshmemSession::close);
            peers.clear();
            if (memory != null) {
                memory.close();
            }
            closed.complete(null);
        });
        return closed;
    }
}
