package io.annulet.backend.control;

import io.annulet.backend.handover.PassedPort;
import io.annulet.backend.handover.SentFds;
import io.annulet.backend.handover.TakenFds;
import io.annulet.linux.Errno;
import io.annulet.linux.Fd;
import io.annulet.linux.UnixSocket;
import io.annulet.vhostuser.MessageLayout;
import io.annulet.vhostuser.Payload;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.HexFormat;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Sends replies, one at a time and without waiting; owned by the control thread. A session reads no further message until
 * its reply is out, so one reply is all that is ever kept.
 */
final class ReplyWriter implements AutoCloseable {

    private static final int REPLY_FLAGS = MessageLayout.VERSION | MessageLayout.FLAG_REPLY;
    private static final int PAYLOAD_BYTES = 8;
    private static final int MAX_PAYLOAD_BYTES = Math.max(Payload.CONFIG.maxBytes(), Payload.MEMORY_TABLE.maxBytes());
    private static final int[] NO_FDS = {};

    private final ByteBuffer bytes = ByteBuffer.allocateDirect(MessageLayout.HEADER_BYTES + MAX_PAYLOAD_BYTES)
            .order(ByteOrder.nativeOrder());
    private final MemorySegment memory = MemorySegment.ofBuffer(bytes);
    private int sent;
    private int length;

    /** Goes along with the first byte; closed once it has. */
    private @Nullable Fd file;

    /** Prepares a reply with one number to the message {@code id}. */
    void value(int id, long value) {
        header(id, PAYLOAD_BYTES);
        bytes.putLong(MessageLayout.HEADER_BYTES, value);
    }

    void vringState(int id, int index, int num) {
        header(id, PAYLOAD_BYTES);
        bytes.putInt(MessageLayout.HEADER_BYTES + MessageLayout.STATE_INDEX, index);
        bytes.putInt(MessageLayout.HEADER_BYTES + MessageLayout.STATE_NUM, num);
    }

    void config(int id, int offset, ByteBuffer space, int flags) {
        header(id, MessageLayout.CONFIG_BYTES + space.remaining());
        int at = MessageLayout.HEADER_BYTES;
        bytes.putInt(at + MessageLayout.CONFIG_OFFSET, offset);
        bytes.putInt(at + MessageLayout.CONFIG_SIZE, space.remaining());
        bytes.putInt(at + MessageLayout.CONFIG_FLAGS, flags);
        bytes.put(at + MessageLayout.CONFIG_BYTES, space, space.position(), space.remaining());
    }

    /** Prepares a reply of these bytes; a file that goes along is taken over. */
    void payload(int id, ByteBuffer payload, @Nullable Fd going) {
        header(id, payload.remaining());
        bytes.put(MessageLayout.HEADER_BYTES, payload, payload.position(), payload.remaining());
        file = going;
    }

    /** Prepares a reply that has no payload. */
    void nothing(int id) {
        header(id, 0);
    }

    private void header(int id, int payloadBytes) {
        bytes.putInt(MessageLayout.HEADER_REQUEST, id);
        bytes.putInt(MessageLayout.HEADER_FLAGS, REPLY_FLAGS);
        bytes.putInt(MessageLayout.HEADER_SIZE, payloadBytes);
        sent = 0;
        length = MessageLayout.HEADER_BYTES + payloadBytes;
    }

    /** The reply that was prepared last, for reading; empty if there was none. */
    ByteBuffer prepared() {
        return bytes.duplicate().order(ByteOrder.nativeOrder()).position(0).limit(length);
    }

    /** What the front-end has not taken yet. */
    String unsent() {
        byte[] rest = new byte[length - sent];
        bytes.get(sent, rest);
        return HexFormat.of().formatHex(rest);
    }

    /** What goes along with it. */
    List<Integer> unsentFds(SentFds fds) {
        return file == null ? List.of() : List.of(fds.add(file));
    }

    /** Goes on with what another process could not send. */
    void goOnWith(PassedPort.Session passed, TakenFds fds) {
        byte[] rest = HexFormat.of().parseHex(passed.unsent());
        file = passed.unsentFds().isEmpty()
                ? null
                : fds.takeOne(passed.unsentFds().getFirst());
        length = Math.min(rest.length, bytes.capacity());
        sent = 0;
        bytes.put(0, rest, 0, length);
    }

    boolean isEmpty() {
        return sent == length;
    }

    /**
     * Sends what the socket takes; {@link #isEmpty} tells whether that was all.
     *
     * @return false if the front-end is gone
     */
    boolean flush(UnixSocket socket) {
        while (sent < length) {
            Fd going = file;
            long count = going == null
                    ? socket.send(memory, sent, length - sent, NO_FDS, 0)
                    : socket.send(memory, sent, length - sent, new int[] {going.number()}, 1);
            if (count == -Errno.EAGAIN) {
                return true;
            }
            close();
            if (count < 0) {
                return false;
            }
            sent += (int) count;
        }
        return true;
    }

    /** Nothing more goes along with what is left of the reply. */
    @Override
    public void close() {
        if (file != null) {
            file.close();
            file = null;
        }
    }
}
