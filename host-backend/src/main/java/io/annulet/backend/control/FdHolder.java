package io.annulet.backend.control;

import io.annulet.linux.Fd;
import io.annulet.linux.FileDescriptors;
import io.annulet.linux.Privileges;
import io.annulet.linux.SocketAccess;
import io.annulet.linux.UnixListener;
import io.annulet.linux.UnixSocket;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Keeps the descriptors of a back-end that ends, for the one that comes after: a process of its own that does nothing else.
 * Each connection has a thread; what is kept is guarded by this object's lock.
 */
public final class FdHolder implements AutoCloseable {
    private static final int OWNER_ONLY = 0600;
    private static final int BACKLOG = 4;
    private static final int MOST = 4096;
    private static final long WAIT_NANOS = TimeUnit.SECONDS.toNanos(1);

    private final UnixListener listener;
    private final Map<String, Fd> kept = new TreeMap<>();
    private volatile boolean closed;

    private FdHolder(UnixListener listener) {
        this.listener = listener;
    }

    /** Listens at a socket that only this user may use. */
    public static FdHolder listen(Path socket) {
        return new FdHolder(UnixListener.listen(socket, BACKLOG, SocketAccess.ofMode(OWNER_ONLY)));
    }

    /** Serves until closed. */
    public void run() {
        while (!closed) {
            if (!FileDescriptors.awaitReadable(listener.fd(), WAIT_NANOS)) {
                continue;
            }
            UnixSocket socket = accept();
            if (socket != null) {
                int user = socket.peerCredentials().userId();
                if (user == Privileges.effectiveUserId() || user == 0) {
                    Thread.ofPlatform().daemon().name("holder").start(() -> serve(socket));
                } else {
                    socket.close();
                }
            }
        }
    }

    /** Under the lock, so that the descriptor is not closed, and its number another's, meanwhile. */
    private synchronized @Nullable UnixSocket accept() {
        return closed ? null : listener.accept();
    }

    private void serve(UnixSocket socket) {
        try (socket) {
            while (!closed) {
                HolderMessage message = HolderMessage.receive(socket, Long.MAX_VALUE);
                if (message == null || !obey(message, socket)) {
                    return;
                }
            }
        }
    }

    private synchronized boolean obey(HolderMessage message, UnixSocket socket) {
        Fd fd = message.fd();
        switch (message.kind()) {
            case PUT -> put(message.name(), fd);
            case REMOVE -> drop(kept.remove(message.name()));
            case LIST -> {
                return list(socket);
            }
            default -> drop(fd);
        }
        return true;
    }

    private void put(String name, @Nullable Fd fd) {
        if (fd == null || kept.size() >= MOST) {
            drop(fd);
            return;
        }
        drop(kept.put(name, fd));
    }

    private static void drop(@Nullable Fd fd) {
        if (fd != null) {
            fd.close();
        }
    }

    private boolean list(UnixSocket socket) {
        for (Map.Entry<String, Fd> entry : kept.entrySet()) {
            if (!HolderMessage.send(socket, HolderMessage.Kind.KEPT, entry.getKey(), entry.getValue())) {
                return false;
            }
        }
        return HolderMessage.send(socket, HolderMessage.Kind.END, "", null);
    }

    /** How many descriptors are kept. */
    public synchronized int count() {
        return kept.size();
    }

    @Override
    public synchronized void close() {
        closed = true;
        listener.close();
        kept.values().forEach(Fd::close);
        kept.clear();
    }
}
