package io.annulet.backend.control;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.annulet.linux.Errno;
import io.annulet.linux.Fd;
import io.annulet.linux.FileDescriptors;
import io.annulet.linux.ReceivedFds;
import io.annulet.linux.UnixSocket;
import io.annulet.memory.HostMemory;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * What a back-end and the process that holds its descriptors say to each other: 256 bytes, a kind and a name that ends with
 * a zero, and at most one descriptor; immutable.
 *
 * @param kind see {@link Kind}
 * @param name of the descriptor
 * @param fd what came along, for the receiver to close
 */
record HolderMessage(Kind kind, String name, @Nullable Fd fd) {
    static final int BYTES = 256;

    private static final long LIMIT_NANOS = TimeUnit.SECONDS.toNanos(5);

    /** What is to be done, or answered. */
    enum Kind {
        /** Keep this descriptor under this name. */
        PUT,
        /** Close what is kept under this name. */
        REMOVE,
        /** Send all. */
        LIST,
        /** One that is kept. */
        KEPT,
        /** That was all. */
        END
    }

    /** Sends it, or tells that the other side is gone. */
    static boolean send(UnixSocket socket, Kind kind, String name, @Nullable Fd fd) {
        byte[] text = name.getBytes(UTF_8);
        if (text.length > BYTES - 2) {
            throw new IllegalArgumentException("too long a name: " + name);
        }
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment bytes = arena.allocate(BYTES, 8);
            HostMemory.storeByte(bytes.address(), kind.ordinal());
            HostMemory.copyIn(text, 0, text.length, bytes.address() + 1);
            int[] fds = fd == null ? new int[0] : new int[] {fd.number()};
            long sent = 0;
            while (sent < BYTES) {
                FileDescriptors.awaitWritable(socket.fd(), LIMIT_NANOS);
                long more = socket.send(bytes, sent, BYTES - sent, fds, sent == 0 ? fds.length : 0);
                if (more <= 0) {
                    return false;
                }
                sent += more;
            }
            return true;
        }
    }

    /** Waits for the next one; null when the other side is gone, or says nothing for so long. */
    static @Nullable HolderMessage receive(UnixSocket socket, long limitNanos) {
        try (Arena arena = Arena.ofConfined();
                ReceivedFds fds = new ReceivedFds(1)) {
            MemorySegment bytes = arena.allocate(BYTES, 8);
            long received = 0;
            while (received < BYTES) {
                if (!FileDescriptors.awaitReadable(socket.fd(), limitNanos)) {
                    return null;
                }
                long more = socket.receive(bytes, received, BYTES - received, fds);
                if (more == -Errno.EAGAIN) {
                    continue;
                }
                if (more <= 0) {
                    return null;
                }
                received += more;
            }
            return parse(HostMemory.copyOut(bytes.address(), BYTES), fds);
        }
    }

    private static @Nullable HolderMessage parse(byte[] bytes, ReceivedFds fds) {
        Kind[] kinds = Kind.values();
        int end = 1;
        while (end < BYTES && bytes[end] != 0) {
            end++;
        }
        if (bytes[0] < 0 || bytes[0] >= kinds.length || fds.surplus() > 0 || fds.isTruncated()) {
            return null;
        }
        Fd fd = fds.count() == 0 ? null : fds.take(0);
        return new HolderMessage(kinds[bytes[0]], new String(bytes, 1, end - 1, UTF_8), fd);
    }
}
