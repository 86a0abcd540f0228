package io.annulet.linux;

import static java.lang.foreign.ValueLayout.JAVA_INT;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.ref.Reference;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;

/**
 * One end of a connected Unix stream socket, which carries bytes and, beside them, file descriptors. Used by one thread at
 * a time. Neither {@link #receive} nor {@link #send} waits; readiness comes from the descriptor's epoll events or from
 * {@link FileDescriptors#awaitReadable}.
 */
public final class UnixSocket implements AutoCloseable {
    private static final int SOCK_STREAM = 1;
    private static final int SOCK_NONBLOCK = 0x800;
    private static final int SOCK_CLOEXEC = 0x80000;

    static final int ACCEPT_FLAGS = SOCK_NONBLOCK | SOCK_CLOEXEC;
    private static final int TYPE = SOCK_STREAM | ACCEPT_FLAGS;

    private static final int SOL_SOCKET = 1;
    private static final int SO_PEERCRED = 17;
    private static final int SO_PEERGROUPS = 59;

    /** NGROUPS_MAX of Linux. */
    private static final int MOST_GROUPS = 65_536;

    private static final int MSG_DONTWAIT = 0x40;
    private static final int MSG_NOSIGNAL = 0x4000;
    private static final int MSG_CMSG_CLOEXEC = 0x40000000;

    private final Fd fd;

    private UnixSocket(Fd fd) {
        this.fd = fd;
    }

    /** Two sockets connected to each other. */
    public record Pair(UnixSocket first, UnixSocket second) implements AutoCloseable {
        @Override
        public void close() {
            first.close();
            second.close();
        }
    }

    /** The process at the other end when the connection was made, and the user and group it ran as. */
    public record PeerCredentials(int processId, int userId, int groupId) {}

    /** Takes ownership of a connected stream socket. */
    public static UnixSocket adopt(Fd fd) {
        return new UnixSocket(fd);
    }

    /**
     * Connects to the socket at {@code path} without waiting. The error number of the exception says why not: ENOENT or
     * ECONNREFUSED while nobody listens, EAGAIN while the listener's backlog is full.
     */
    public static UnixSocket connect(Path path) {
        String action = "connect to " + path;
        try (Arena arena = Arena.ofConfined()) {
            SocketAddress address = SocketAddress.of(arena, path);
            Fd fd = open(action);
            long result = Kernel.connect(fd.number(), address.address(), address.byteLength());
            if (result < 0) {
                fd.close();
                throw new LinuxException(action, (int) -result, remedy((int) -result));
            }
            return new UnixSocket(fd);
        }
    }

    /** A socket that is not connected yet. */
    static Fd open(String action) {
        return Fd.of((int) LinuxException.check(
                Kernel.socket(SocketAddress.AF_UNIX, TYPE), action, "check the limit of open files (ulimit -n)"));
    }

    private static String remedy(int errno) {
        return switch (errno) {
            case Errno.ENOENT, Errno.ECONNREFUSED -> "check that the other side is started and listens there";
            case Errno.EACCES ->
                "check the rights on the socket and on the directories above it; with SELinux,"
                        + " ausearch -m avc -ts recent tells what was denied";
            default -> "";
        };
    }

    public static Pair pair() {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment numbers = arena.allocate(8, 4);
            LinuxException.check(
                    Kernel.socketpair(SocketAddress.AF_UNIX, TYPE, numbers.address()),
                    "create a pair of sockets",
                    "check the limit of open files (ulimit -n)");
            return new Pair(
                    new UnixSocket(Fd.of(numbers.get(JAVA_INT, 0))), new UnixSocket(Fd.of(numbers.get(JAVA_INT, 4))));
        }
    }

    public Fd fd() {
        return fd;
    }

    /** Who is at the other end, by the word of the kernel. */
    public PeerCredentials peerCredentials() {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment credentials = arena.allocate(12, 4);
            MemorySegment byteLength = arena.allocateFrom(JAVA_INT, 12);
            LinuxException.check(
                    Kernel.getsockopt(
                            fd.number(), SOL_SOCKET, SO_PEERCRED, credentials.address(), byteLength.address()),
                    "read the peer's credentials of " + fd);
            return new PeerCredentials(
                    credentials.get(JAVA_INT, 0), credentials.get(JAVA_INT, 4), credentials.get(JAVA_INT, 8));
        }
    }

    /** The further groups of the process at the other end when the connection was made, by the word of the kernel. */
    public List<Integer> peerGroups() {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment groups = arena.allocate(4L * MOST_GROUPS, 4);
            MemorySegment byteLength = arena.allocateFrom(JAVA_INT, 4 * MOST_GROUPS);
            LinuxException.check(
                    Kernel.getsockopt(fd.number(), SOL_SOCKET, SO_PEERGROUPS, groups.address(), byteLength.address()),
                    "read the peer's groups of " + fd);
            List<Integer> found = new ArrayList<>();
            for (int i = 0; i < byteLength.get(JAVA_INT, 0) / 4; i++) {
                found.add(groups.getAtIndex(JAVA_INT, i));
            }
            return found;
        }
    }

    /**
     * Receives up to {@code byteLength} bytes into {@code buffer} from {@code offset} on, and adds the descriptors that
     * came with them to {@code fds}. They are closed on exec.
     *
     * @param buffer native memory
     * @return the bytes received, 0 at the end of the stream, or the negative error number: -EAGAIN when there is nothing
     *     now, -ECONNRESET when the peer went away with bytes unread
     */
    public long receive(MemorySegment buffer, long offset, long byteLength, ReceivedFds fds) {
        long address = addressOf(buffer, offset, byteLength);
        try (Arena arena = Arena.ofConfined()) {
            SocketMessage message = new SocketMessage(arena, address, byteLength);
            long received = Kernel.recvmsg(fd.number(), message.address(), MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
            if (received >= 0) {
                message.collect(fds);
            }
            return received;
        } finally {
            Reference.reachabilityFence(buffer);
        }
    }

    /**
     * Sends up to {@code byteLength} bytes of {@code buffer} from {@code offset} on, and with the first of them the first
     * {@code fdCount} of {@code fds}, which stay open here. If only part of the bytes was sent, the descriptors have gone
     * with it: send the rest without them.
     *
     * @param buffer native memory
     * @param byteLength more than 0 if descriptors go along
     * @param fdCount 0 to {@link ReceivedFds#MAX_IN_MESSAGE}
     * @return the bytes sent, or the negative error number: -EAGAIN when there is no room now, -EPIPE when the peer is gone
     */
    public long send(MemorySegment buffer, long offset, long byteLength, int[] fds, int fdCount) {
        Objects.checkIndex(fdCount, Math.min(fds.length, ReceivedFds.MAX_IN_MESSAGE) + 1);
        long address = addressOf(buffer, offset, byteLength);
        try (Arena arena = Arena.ofConfined()) {
            SocketMessage message = new SocketMessage(arena, address, byteLength);
            message.attach(fds, fdCount);
            return Kernel.sendmsg(fd.number(), message.address(), MSG_DONTWAIT | MSG_NOSIGNAL);
        } finally {
            Reference.reachabilityFence(buffer);
        }
    }

    private static long addressOf(MemorySegment buffer, long offset, long byteLength) {
        if (!buffer.isNative()) {
            throw new IllegalArgumentException("the kernel needs native memory");
        }
        return buffer.address() + Objects.checkFromIndexSize(offset, byteLength, buffer.byteSize());
    }

    @Override
    public void close() {
        fd.close();
    }

    @Override
    public String toString() {
        return "socket, " + fd;
    }
}
