package io.annulet.guest;

import io.annulet.linux.Errno;
import io.annulet.linux.Fd;
import io.annulet.linux.FileDescriptors;
import io.annulet.linux.LinuxException;
import io.annulet.linux.ReceivedFds;
import io.annulet.linux.UnixSocket;
import io.annulet.memory.HostMemory;
import io.annulet.vhostuser.MessageLayout;
import io.annulet.vhostuser.Payload;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Whole vhost-user messages over a stream socket, waiting until a deadline; used by one thread. */
public final class MessageSocket implements AutoCloseable {

    private final UnixSocket socket;
    private final MemorySegment buffer =
            Arena.ofAuto().allocate(MessageLayout.HEADER_BYTES + Payload.MAX_BYTES, Long.BYTES);
    private boolean ended;

    /** Takes ownership of a connected socket. */
    public MessageSocket(UnixSocket socket) {
        this.socket = socket;
    }

    /** Sends one message. Throws {@link LinuxException} if the other side is gone or takes nothing in time. */
    public void send(int request, int flags, byte[] payload, List<Fd> fds, long timeoutNanos) {
        ByteBuffer bytes = ByteBuffer.allocate(MessageLayout.HEADER_BYTES + payload.length)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putInt(request)
                .putInt(flags)
                .putInt(payload.length)
                .put(payload);
        sendBytes(bytes.array(), fds, timeoutNanos);
    }

    /** Sends bytes as they are, the descriptors with the first of them. */
    void sendBytes(byte[] bytes, List<Fd> fds, long timeoutNanos) {
        long deadlineNanos = System.nanoTime() + timeoutNanos;
        int[] numbers = fds.stream().mapToInt(Fd::number).toArray();
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment copy = arena.allocate(Math.max(1, bytes.length), Long.BYTES);
            HostMemory.copyIn(MemorySegment.ofArray(bytes), HostMemory.addressOf(copy));
            long sent = 0;
            while (sent < bytes.length) {
                long result = socket.send(copy, sent, bytes.length - sent, numbers, sent == 0 ? numbers.length : 0);
                if (result == -Errno.EAGAIN && awaitWritable(deadlineNanos)) {
                    continue;
                }
                if (result < 0) {
                    throw new LinuxException("send a vhost-user message", (int) -result);
                }
                sent += result;
            }
        }
    }

    private boolean awaitWritable(long deadlineNanos) {
        return FileDescriptors.awaitWritable(socket.fd(), deadlineNanos - System.nanoTime());
    }

    /** The next message, or null if none came in time or the other side is gone: {@link #hasEnded} tells which. */
    public @Nullable Message receive(long timeoutNanos) {
        long deadlineNanos = System.nanoTime() + timeoutNanos;
        try (ReceivedFds fds = new ReceivedFds(MessageLayout.MAX_FDS)) {
            if (!fill(0, MessageLayout.HEADER_BYTES, fds, deadlineNanos)) {
                return null;
            }
            ByteBuffer header =
                    ByteBuffer.wrap(received(0, MessageLayout.HEADER_BYTES)).order(ByteOrder.LITTLE_ENDIAN);
            int request = header.getInt(MessageLayout.HEADER_REQUEST);
            int flags = header.getInt(MessageLayout.HEADER_FLAGS);
            long size = Integer.toUnsignedLong(header.getInt(MessageLayout.HEADER_SIZE));
            if (size > Payload.MAX_BYTES) {
                throw new FrontEndException(
                        FrontEndException.Reason.WRONG_REPLY,
                        "message " + request + " says that it has " + size + " bytes");
            }
            if (!fill(MessageLayout.HEADER_BYTES, size, fds, deadlineNanos)) {
                return null;
            }
            byte[] payload = received(MessageLayout.HEADER_BYTES, (int) size);
            return new Message(request, flags, payload, take(fds));
        }
    }

    private static List<Fd> take(ReceivedFds received) {
        List<Fd> fds = new ArrayList<>();
        for (int i = 0; i < received.count(); i++) {
            fds.add(received.take(i));
        }
        return fds;
    }

    /** Reads exactly {@code byteLength} bytes: the next message may have descriptors that are not this one's. */
    private boolean fill(long offset, long byteLength, ReceivedFds fds, long deadlineNanos) {
        long filled = 0;
        while (filled < byteLength) {
            long result = socket.receive(buffer, offset + filled, byteLength - filled, fds);
            if (result == 0 || result == -Errno.ECONNRESET) {
                ended = true;
                return false;
            }
            if (result == -Errno.EAGAIN) {
                if (!FileDescriptors.awaitReadable(socket.fd(), deadlineNanos - System.nanoTime())) {
                    return false;
                }
            } else if (result < 0) {
                throw new LinuxException("receive a vhost-user message", (int) -result);
            } else {
                filled += result;
            }
        }
        return true;
    }

    private byte[] received(int offset, int byteLength) {
        return HostMemory.copyOut(HostMemory.addressOf(buffer) + offset, byteLength);
    }

    /** Whether the other side was found to have closed the connection. */
    public boolean hasEnded() {
        return ended;
    }

    @Override
    public void close() {
        socket.close();
    }
}
