package io.annulet.hostile;

import io.annulet.guest.Payloads;
import io.annulet.vhostuser.MessageLayout;
import io.annulet.vhostuser.VhostUserRequest;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/** Messages as bytes, right and wrong ones; stateless. */
final class Messages {

    static final int PLAIN = MessageLayout.VERSION;
    static final int ASKING = MessageLayout.VERSION | MessageLayout.FLAG_NEED_REPLY;

    private Messages() {}

    /** A whole message. */
    static byte[] of(VhostUserRequest request, int flags, byte[] payload) {
        return of(request.id(), flags, payload.length, payload);
    }

    /** A message that says of its payload whatever it likes. */
    static byte[] of(int request, int flags, int size, byte[] payload) {
        return ByteBuffer.allocate(MessageLayout.HEADER_BYTES + payload.length)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putInt(request)
                .putInt(flags)
                .putInt(size)
                .put(payload)
                .array();
    }

    static byte[] concat(byte[] first, byte[] second) {
        return ByteBuffer.allocate(first.length + second.length)
                .put(first)
                .put(second)
                .array();
    }

    /** The shortest payload that a request may have, all zero. */
    static byte[] emptyPayload(VhostUserRequest request) {
        return new byte[request.payload().minBytes()];
    }

    /** A memory table that says it has {@code count} regions. */
    static byte[] table(int count, byte[]... regions) {
        ByteBuffer bytes = ByteBuffer.allocate(8 + 32 * regions.length)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putInt(count)
                .putInt(0);
        for (byte[] region : regions) {
            bytes.put(region);
        }
        return bytes.array();
    }

    /** A region of a table. */
    static byte[] region(long guestAddress, long byteLength, long userAddress, long fileOffset) {
        return ByteBuffer.allocate(32)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putLong(guestAddress)
                .putLong(byteLength)
                .putLong(userAddress)
                .putLong(fileOffset)
                .array();
    }

    /** The payload of ADD_MEM_REG and REM_MEM_REG. */
    static byte[] single(byte[] region) {
        return concat(Payloads.u64(0), region);
    }
}
