package io.annulet.backend.control;

import io.annulet.linux.Errno;
import io.annulet.linux.UnixSocket;
import io.annulet.vhostuser.MessageLayout;
import io.annulet.vhostuser.Payload;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.HexFormat;

/**
 * Sends replies, one at a time and without waiting; owned by the control thread. A session reads no further message until
 * its reply is out, so one reply is all that is ever kept.
 */
final class ReplyWriter {

    private static final int REPLY_FLAGS = MessageLayout.VERSION | MessageLayout.FLAG_REPLY;
    private static final int PAYLOAD_BYTES = 8;
    private static final int MAX_PAYLOAD_BYTES = Payload.CONFIG.maxBytes();
    private static final int[] NO_FDS = {};

    private final ByteBuffer bytes = ByteBuffer.allocateDirect(MessageLayout.HEADER_BYTES + MAX_PAYLOAD_BYTES)
            .order(ByteOrder.nativeOrder());
    private final MemorySegment memory = MemorySegment.ofBuffer(bytes);
    private int sent;
    private int length;

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

    /** Goes on with what another process could not send. */
    void goOnWith(String unsent) {
        byte[] rest = HexFormat.of().parseHex(unsent);
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
            long count = socket.send(memory, sent, length - sent, NO_FDS, 0);
            if (count == -Errno.EAGAIN) {
                return true;
            }
            if (count < 0) {
                return false;
            }
            sent += (int) count;
        }
        return true;
    }
}
