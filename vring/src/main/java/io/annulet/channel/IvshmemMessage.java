package io.annulet.channel;

import io.annulet.linux.Errno;
import io.annulet.linux.Fd;
import io.annulet.linux.ReceivedFds;
import io.annulet.linux.UnixSocket;
import io.annulet.memory.HostMemory;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/**
 * A message of QEMU's ivshmem protocol: eight bytes, little-endian, and at most one descriptor; immutable. Only the server
 * speaks.
 *
 * <p>Source: docs/specs/ivshmem-spec.rst of QEMU, "Interaction with the ivshmem server": the version, the peer's own number,
 * -1 with the memory; then for each vector of each peer its number with an eventfd, the own ones among them. A peer's number
 * alone says that it has left.
 *
 * @param value what it says
 * @param fd what came with it, which the receiver closes
 */
public record IvshmemMessage(long value, @Nullable Fd fd) {
    public static final long VERSION = 0;
    public static final long MEMORY = -1;
    public static final int MAX_PEERS = 65_536;

    private static final int BYTES = 8;

    /** Sends a message; false if the socket takes none, so that its peer has to be given up. */
    public static boolean send(UnixSocket socket, long value, @Nullable Fd fd) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment bytes = arena.allocate(BYTES, BYTES);
            HostMemory.storeLong(bytes.address(), value);
            int[] fds = fd == null ? new int[0] : new int[] {fd.number()};
            return socket.send(bytes, 0, BYTES, fds, fds.length) == BYTES;
        }
    }

    /**
     * The next message, or null if there is none now.
     *
     * @throws IllegalStateException if the server is gone, or says what no server says
     */
    static @Nullable IvshmemMessage receive(UnixSocket socket) {
        try (Arena arena = Arena.ofConfined();
                ReceivedFds fds = new ReceivedFds(1)) {
            MemorySegment bytes = arena.allocate(BYTES, BYTES);
            long received = socket.receive(bytes, 0, BYTES, fds);
            if (received == -Errno.EAGAIN) {
                return null;
            }
            if (received != BYTES || fds.surplus() > 0 || fds.isTruncated()) {
                throw new IllegalStateException(
                        received <= 0 ? "the ivshmem server is gone" : "the ivshmem server sent half a message");
            }
            return new IvshmemMessage(HostMemory.loadLong(bytes.address()), fds.count() == 0 ? null : fds.take(0));
        }
    }
}
