package io.annulet.channel;

import io.annulet.linux.EventFd;
import io.annulet.linux.Fd;
import io.annulet.linux.FileDescriptors;
import io.annulet.linux.UnixSocket;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * A process of this host as a peer of an ivshmem server, beside guests: it gets the memory, and rings peers and is rung by
 * eventfds. Used by one thread.
 */
public final class IvshmemPeer implements Doorbell, AutoCloseable {
    private static final long SET_UP_NANOS = TimeUnit.SECONDS.toNanos(10);

    private final UnixSocket socket;
    private final long id;
    private final Fd memory;
    private final Map<Long, List<EventFd>> others = new HashMap<>();
    private final List<EventFd> own = new ArrayList<>();
    private boolean isServerGone;
    private long timesRung;

    private IvshmemPeer(UnixSocket socket, long id, Fd memory) {
        this.socket = socket;
        this.id = id;
        this.memory = memory;
    }

    /**
     * Connects and reads the set-up.
     *
     * @throws IllegalStateException if what answers is no ivshmem server
     */
    public static IvshmemPeer connect(Path path) {
        UnixSocket socket = UnixSocket.connect(path);
        boolean isSetUp = false;
        try {
            if (await(socket).value() != IvshmemMessage.VERSION) {
                throw new IllegalStateException(path + " speaks another version of the ivshmem protocol");
            }
            long id = await(socket).value();
            IvshmemMessage third = await(socket);
            Fd memory = third.fd();
            if (third.value() != IvshmemMessage.MEMORY || memory == null) {
                throw new IllegalStateException(path + " gives no memory: is it an ivshmem server?");
            }
            IvshmemPeer peer = new IvshmemPeer(socket, id, memory);
            while (peer.own.isEmpty()) {
                peer.take(await(socket));
            }
            isSetUp = true;
            return peer;
        } finally {
            if (!isSetUp) {
                socket.close();
            }
        }
    }

    private static IvshmemMessage await(UnixSocket socket) {
        FileDescriptors.awaitReadable(socket.fd(), SET_UP_NANOS);
        IvshmemMessage message = IvshmemMessage.receive(socket);
        if (message == null) {
            throw new IllegalStateException("the ivshmem server says nothing");
        }
        return message;
    }

    private void take(IvshmemMessage message) {
        @Nullable Fd fd = message.fd();
        if (fd == null) {
            List<EventFd> left = others.remove(message.value());
            if (left != null) {
                left.forEach(EventFd::close);
            }
            return;
        }
        List<EventFd> vectors =
                message.value() == id ? own : others.computeIfAbsent(message.value(), peer -> new ArrayList<>());
        vectors.add(EventFd.adopt(fd));
    }

    /** Learns who came and who left. */
    private void catchUp() {
        if (isServerGone) {
            return;
        }
        try {
            for (IvshmemMessage next = IvshmemMessage.receive(socket);
                    next != null;
                    next = IvshmemMessage.receive(socket)) {
                take(next);
            }
        } catch (IllegalStateException gone) {
            // Those that are there go on without it: memory and eventfds stay.
            isServerGone = true;
        }
    }

    /** The number that the server knows this peer by. */
    public long id() {
        return id;
    }

    public Fd memory() {
        return memory;
    }

    /** How many others are attached. */
    public int otherCount() {
        catchUp();
        return others.size();
    }

    @Override
    public int number() {
        return (int) id;
    }

    @Override
    public void ring(int number) {
        catchUp();
        List<EventFd> vectors = others.get((long) number);
        if (vectors != null) {
            vectors.getFirst().signal();
        }
    }

    @Override
    public void await(long nanos) {
        if (FileDescriptors.awaitReadable(own.getFirst().fd(), nanos)) {
            own.getFirst().drainNow();
            timesRung++;
        }
    }

    /** How often {@link #await} ended because this peer was rung. */
    public long timesRung() {
        return timesRung;
    }

    @Override
    public void wake() {
        own.getFirst().signal();
    }

    @Override
    public void close() {
        socket.close();
        memory.close();
        own.forEach(EventFd::close);
        others.values().forEach(vectors -> vectors.forEach(EventFd::close));
    }
}
