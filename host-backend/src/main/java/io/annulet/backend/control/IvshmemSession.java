package io.annulet.backend.control;

import io.annulet.backend.data.Readiness;
import io.annulet.channel.IvshmemMessage;
import io.annulet.linux.Errno;
import io.annulet.linux.EventFd;
import io.annulet.linux.Fd;
import io.annulet.linux.ReceivedFds;
import io.annulet.linux.UnixSocket;
import java.lang.foreign.Arena;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** A peer that is attached to a channel's memory; owned by the control thread. */
final class IvshmemSession {
    private static final int UNASKED_BYTES = 64;

    private final int id;
    private final UnixSocket socket;
    private final List<EventFd> vectors;
    private Readiness.@Nullable Watch watch;

    IvshmemSession(int id, UnixSocket socket, List<EventFd> vectors) {
        this.id = id;
        this.socket = socket;
        this.vectors = List.copyOf(vectors);
    }

    int id() {
        return id;
    }

    UnixSocket socket() {
        return socket;
    }

    void watch(Readiness.Watch newWatch) {
        watch = newWatch;
    }

    boolean say(long value, @Nullable Fd fd) {
        return IvshmemMessage.send(socket, value, fd);
    }

    /** Tells this peer of one, itself perhaps, with all of its vectors. */
    boolean tellOf(IvshmemSession other) {
        return other.vectors.stream().allMatch(vector -> say(other.id, vector.fd()));
    }

    /** Whether there is nothing to read: a peer that speaks is none, and one that left can be read to its end. */
    boolean isSilent() {
        try (Arena arena = Arena.ofConfined();
                ReceivedFds fds = new ReceivedFds(0)) {
            return socket.receive(arena.allocate(UNASKED_BYTES), 0, UNASKED_BYTES, fds) == -Errno.EAGAIN;
        }
    }

    void close() {
        if (watch != null) {
            watch.close();
        }
        socket.close();
        vectors.forEach(EventFd::close);
    }
}
