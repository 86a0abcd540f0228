package io.annulet.backend.control;

import io.annulet.linux.Errno;
import io.annulet.linux.UnixSocket;
import io.annulet.vhostuser.MessageLayout;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * Sends replies, one at a time and without waiting; owned by the control thread. A session reads no further message until
 * its reply is out, so one reply is all that is ever kept.
 */
final class ReplyWriter {

    private static final int REPLY_FLAGS = MessageLayout.VERSION | MessageLayout.FLAG_REPLY;
    private static final int PAYLOAD_BYTES = 8;
    private static final int[] NO_FDS = {};

    private final ByteBuffer bytes = ByteBuffer.allocateDirect(MessageLayout.HEADER_BYTES + PAYLOAD_BYTES)
            .order(ByteOrder.nativeOrder());
    private final MemorySegment memory = MemorySegment.ofBuffer(bytes);
    private int sent;
    private int length;

    /** Prepares a reply with one number to the message {@code id}. */
    void value(int id, long value) {
        header(id);
        bytes.putLong(MessageLayout.HEADER_BYTES, value);
    }

    void vringState(int id, int index, int num) {
        header(id);
        bytes.putInt(MessageLayout.HEADER_BYTES + MessageLayout.STATE_INDEX, index);
        bytes.putInt(MessageLayout.HEADER_BYTES + MessageLayout.STATE_NUM, num);
    }

    private void header(int id) {
        bytes.putInt(MessageLayout.HEADER_REQUEST, id);
        bytes.putInt(MessageLayout.HEADER_FLAGS, REPLY_FLAGS);
        bytes.putInt(MessageLayout.HEADER_SIZE, PAYLOAD_BYTES);
        sent = 0;
        length = MessageLayout.HEADER_BYTES + PAYLOAD_BYTES;
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
