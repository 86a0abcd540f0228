package io.annulet.backend.control;

import io.annulet.backend.handover.PassedPort;
import io.annulet.backend.handover.SentFds;
import io.annulet.backend.handover.TakenFds;
import io.annulet.linux.Errno;
import io.annulet.linux.ReceivedFds;
import io.annulet.linux.UnixSocket;
import io.annulet.vhostuser.MessageLayout;
import io.annulet.vhostuser.Payload;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.HexFormat;
import java.util.List;
import java.util.stream.IntStream;

/**
 * Cuts the byte stream of a front-end into messages; owned by the control thread.
 *
 * <p>Exactly the 12 bytes of a header are asked for, then exactly the payload: reading more would glue the next message
 * and its descriptors onto this one. Descriptors count only with the first bytes of a header. What the peer says about
 * sizes allocates nothing.
 */
final class MessageReader implements AutoCloseable {

    /** What came of an attempt to read. */
    enum Progress {
        /** {@link #message} is complete. */
        MESSAGE,
        /** The rest has not arrived yet. */
        WAITING,
        /** The front-end closed the connection. */
        END,
        /** The bytes are no messages of this protocol, and it cannot be told where the next one begins. */
        GARBAGE
    }

    private final ByteBuffer bytes = ByteBuffer.allocateDirect(MessageLayout.HEADER_BYTES + Payload.MAX_BYTES)
            .order(ByteOrder.nativeOrder());
    private final MemorySegment memory = MemorySegment.ofBuffer(bytes);
    private final ReceivedFds fds = new ReceivedFds(MessageLayout.MAX_FDS);
    private final ReceivedFds lateFds = new ReceivedFds(0);
    private boolean strayFds;
    private int received;
    private int wanted = MessageLayout.HEADER_BYTES;

    /** Reads until a message is complete or there is nothing to read. */
    Progress read(UnixSocket socket) {
        while (received < wanted) {
            long count = socket.receive(memory, received, wanted - received, received == 0 ? fds : lateFds);
            if (count == -Errno.EAGAIN) {
                return Progress.WAITING;
            }
            if (count <= 0) {
                return Progress.END;
            }
            received += (int) count;
            strayFds |= lateFds.surplus() > 0 || lateFds.isTruncated();
            lateFds.close();
            if (received == MessageLayout.HEADER_BYTES && !acceptHeader()) {
                return Progress.GARBAGE;
            }
        }
        return Progress.MESSAGE;
    }

    private boolean acceptHeader() {
        int version = bytes.getInt(MessageLayout.HEADER_FLAGS) & MessageLayout.VERSION_MASK;
        long size = payloadByteLength();
        if (version != MessageLayout.VERSION || size > Payload.MAX_BYTES) {
            return false;
        }
        wanted = MessageLayout.HEADER_BYTES + (int) size;
        return true;
    }

    private long payloadByteLength() {
        return Integer.toUnsignedLong(bytes.getInt(MessageLayout.HEADER_SIZE));
    }

    /** The message that {@link #read} completed. */
    Message message() {
        return new Message(bytes, payloadByteLength(), fds, strayFds);
    }

    /** Whether a message has begun to arrive. */
    boolean isMidMessage() {
        return received > 0;
    }

    /** What has arrived of a message that is not complete. */
    String unread() {
        byte[] arrived = new byte[received];
        bytes.get(0, arrived);
        return HexFormat.of().formatHex(arrived);
    }

    /** The descriptors that came with it, none of them taken. */
    List<Integer> unreadFds(SentFds sent) {
        return IntStream.range(0, fds.count())
                .mapToObj(i -> sent.addNumber(fds.number(i)))
                .toList();
    }

    /** Goes on behind what another process received of a message. */
    void goOnBehind(PassedPort.Session passed, TakenFds taken) {
        byte[] arrived = HexFormat.of().parseHex(passed.unread());
        received = Math.min(arrived.length, bytes.capacity());
        bytes.put(0, arrived, 0, received);
        passed.unreadFds().forEach(number -> fds.keep(taken.takeOne(number)));
        if (received >= MessageLayout.HEADER_BYTES) {
            acceptHeader();
        }
    }

    /** Forgets the message and closes what it carried and nobody took. */
    void next() {
        fds.close();
        strayFds = false;
        received = 0;
        wanted = MessageLayout.HEADER_BYTES;
    }

    @Override
    public void close() {
        fds.close();
    }
}
