package io.annulet.backend.handover;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.annulet.linux.Errno;
import io.annulet.linux.FileDescriptors;
import io.annulet.linux.Privileges;
import io.annulet.linux.ReceivedFds;
import io.annulet.linux.UnixSocket;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.concurrent.TimeUnit;

/**
 * What two back-ends say to each other, over a Unix socket; used by one thread at a time, which waits.
 *
 * <pre>
 *    | kind 4 | bytes 4 | descriptors 4 |  then a byte for each 64 descriptors, which carries them, then the bytes
 * </pre>
 */
final class Talk implements AutoCloseable {

    /** What is said; the package's description has the order. */
    enum Kind {
        HELLO,
        REFUSED,
        REHEARSAL,
        COMMIT,
        STATE,
        READY,
        GO,
        STARTED
    }

    /** Something that was said. */
    record Said(Kind kind, String text, TakenFds fds) {}

    private static final int HEADER_BYTES = 12;
    private static final int FDS_AT_ONCE = 64;
    private static final int MOST_BYTES = 64 * 1024 * 1024;
    private static final int MOST_FDS = 1 << 19;
    private static final int[] NO_FDS = {};
    private static final String GONE = "the other back-end has gone, or broke it off: its log says why";
    private static final long SEND_NANOS = TimeUnit.SECONDS.toNanos(2);

    private final UnixSocket socket;

    /**
     * With whoever is at the other end of a socket, which it takes over.
     *
     * @throws HandoverException if that is neither this user nor root
     */
    Talk(UnixSocket socket) {
        this.socket = socket;
        int user = socket.peerCredentials().userId();
        if (user != Privileges.effectiveUserId() && user != 0) {
            socket.close();
            throw new HandoverException("the other back-end is user " + user + "'s; run both as the same user");
        }
    }

    int peerProcessId() {
        return socket.peerCredentials().processId();
    }

    void say(Kind kind) {
        say(kind, "");
    }

    void say(Kind kind, String text) {
        say(kind, text, new SentFds());
    }

    /** Says something, with descriptors that stay ours. */
    void say(Kind kind, String text, SentFds fds) {
        byte[] bytes = text.getBytes(UTF_8);
        int[] numbers = fds.numbers();
        ByteBuffer header = buffer(HEADER_BYTES)
                .putInt(kind.ordinal())
                .putInt(bytes.length)
                .putInt(numbers.length)
                .flip();
        send(header, NO_FDS);
        for (int at = 0; at < numbers.length; at += FDS_AT_ONCE) {
            send(buffer(1), Arrays.copyOfRange(numbers, at, Math.min(at + FDS_AT_ONCE, numbers.length)));
        }
        send(buffer(bytes.length).put(bytes).flip(), NO_FDS);
    }

    private static ByteBuffer buffer(int byteLength) {
        return ByteBuffer.allocateDirect(byteLength).order(ByteOrder.nativeOrder());
    }

    private void send(ByteBuffer buffer, int[] fds) {
        MemorySegment bytes = MemorySegment.ofBuffer(buffer);
        long sent = 0;
        while (sent < bytes.byteSize()) {
            long result = socket.send(bytes, sent, bytes.byteSize() - sent, fds, sent == 0 ? fds.length : 0);
            if (result == -Errno.EAGAIN && FileDescriptors.awaitWritable(socket.fd(), SEND_NANOS)) {
                continue;
            }
            if (result <= 0) {
                throw new HandoverException(notSent(-result));
            }
            sent += result;
        }
    }

    private static String notSent(long errno) {
        return errno == Errno.EPIPE || errno == Errno.ECONNRESET
                ? GONE
                : errno == Errno.EAGAIN
                        ? "the other back-end does not read what it is told"
                        : "tell the other back-end: " + Errno.message((int) errno);
    }

    /**
     * Waits until something is said.
     *
     * @param limitNanos for how long it may take to begin, and then to end
     * @throws HandoverException if it is not of this kind, or nothing comes
     */
    Said hear(Kind expected, long limitNanos) {
        Said said = hear(limitNanos);
        if (said.kind() == expected) {
            return said;
        }
        said.fds().close();
        throw new HandoverException(
                said.kind() == Kind.REFUSED ? said.text() : said.kind() + " came where " + expected + " was expected");
    }

    private Said hear(long limitNanos) {
        TakenFds fds = new TakenFds();
        boolean complete = false;
        try {
            ByteBuffer header = receive(HEADER_BYTES, limitNanos, fds);
            int kind = header.getInt();
            int byteLength = header.getInt();
            int fdCount = header.getInt();
            if (kind < 0
                    || kind >= Kind.values().length
                    || byteLength < 0
                    || byteLength > MOST_BYTES
                    || fdCount < 0
                    || fdCount > MOST_FDS) {
                throw new HandoverException("what the other process says is not of a back-end");
            }
            for (int left = fdCount; left > 0; left -= FDS_AT_ONCE) {
                receive(1, limitNanos, fds);
            }
            byte[] bytes = new byte[byteLength];
            receive(byteLength, limitNanos, fds).get(bytes);
            if (fds.count() != fdCount) {
                throw new HandoverException("not all descriptors came; raise the limit of open files (ulimit -n)");
            }
            complete = true;
            return new Said(Kind.values()[kind], new String(bytes, UTF_8), fds);
        } finally {
            if (!complete) {
                fds.close();
            }
        }
    }

    private ByteBuffer receive(int byteLength, long limitNanos, TakenFds fds) {
        ByteBuffer buffer = buffer(byteLength);
        MemorySegment bytes = MemorySegment.ofBuffer(buffer);
        long received = 0;
        while (received < byteLength) {
            try (ReceivedFds some = new ReceivedFds(FDS_AT_ONCE)) {
                long result = socket.receive(bytes, received, byteLength - received, some);
                if (result == -Errno.EAGAIN && FileDescriptors.awaitReadable(socket.fd(), limitNanos)) {
                    continue;
                }
                if (result <= 0) {
                    throw new HandoverException(result == -Errno.EAGAIN ? "the other back-end says nothing" : GONE);
                }
                received += result;
                for (int i = 0; i < some.count(); i++) {
                    fds.add(some.take(i));
                }
            }
        }
        return buffer;
    }

    /** Whether the other end has gone, and not only fallen silent. */
    boolean isOver() {
        try (ReceivedFds none = new ReceivedFds(0)) {
            long result = socket.receive(MemorySegment.ofBuffer(buffer(1)), 0, 1, none);
            return result != -Errno.EAGAIN && result <= 0;
        }
    }

    @Override
    public void close() {
        socket.close();
    }
}
