package io.annulet.backend.control;

import io.annulet.linux.Fd;
import io.annulet.linux.UnixSocket;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A store in a process of its own, {@link FdHolder}; used by one thread at a time. */
public final class HolderFdStore implements FdStore {
    private static final Logger LOG = LoggerFactory.getLogger(HolderFdStore.class);
    private static final long LIMIT_NANOS = TimeUnit.SECONDS.toNanos(10);

    private final UnixSocket socket;
    private boolean gone;

    private HolderFdStore(UnixSocket socket) {
        this.socket = socket;
    }

    /** Connects to a holder that runs. */
    public static HolderFdStore connect(Path path) {
        return new HolderFdStore(UnixSocket.connect(path));
    }

    @Override
    public Map<String, Fd> restore() {
        Map<String, Fd> kept = new TreeMap<>();
        say(HolderMessage.Kind.LIST, "", null);
        for (HolderMessage next = receive(); next.kind() == HolderMessage.Kind.KEPT; next = receive()) {
            Fd fd = next.fd();
            if (fd != null) {
                kept.put(next.name(), fd);
            }
        }
        return kept;
    }

    private HolderMessage receive() {
        HolderMessage next = HolderMessage.receive(socket, LIMIT_NANOS);
        if (next == null) {
            throw new IllegalStateException("the holder of descriptors does not answer; start it anew");
        }
        return next;
    }

    @Override
    public void put(String name, Fd fd) {
        say(HolderMessage.Kind.PUT, name, fd);
    }

    @Override
    public void remove(String name) {
        say(HolderMessage.Kind.REMOVE, name, null);
    }

    private void say(HolderMessage.Kind kind, String name, @Nullable Fd fd) {
        if (!gone && !HolderMessage.send(socket, kind, name, fd)) {
            gone = true;
            LOG.warn("the holder of descriptors is gone: after a restart of this process channels will be empty");
        }
    }

    @Override
    public boolean keeps() {
        return true;
    }

    @Override
    public void close() {
        socket.close();
    }
}
