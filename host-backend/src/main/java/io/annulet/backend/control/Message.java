package io.annulet.backend.control;

import io.annulet.linux.Fd;
import io.annulet.linux.ReceivedFds;
import io.annulet.vhostuser.MessageLayout;
import io.annulet.vhostuser.VhostUserRequest;
import java.nio.ByteBuffer;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * A message of the front-end, complete and in memory of our own; owned by the control thread and valid until the next one
 * is read. Its descriptors are closed with it unless taken.
 */
final class Message {

    private final ByteBuffer bytes;
    private final long payloadByteLength;
    private final ReceivedFds fds;
    private final boolean strayFds;

    /** A message in {@code bytes}; {@code strayFds} if descriptors came where none may. */
    Message(ByteBuffer bytes, long payloadByteLength, ReceivedFds fds, boolean strayFds) {
        this.bytes = bytes;
        this.payloadByteLength = payloadByteLength;
        this.fds = fds;
        this.strayFds = strayFds;
    }

    int id() {
        return bytes.getInt(MessageLayout.HEADER_REQUEST);
    }

    /** Null if the protocol knows no such message. */
    @Nullable
    VhostUserRequest request() {
        return VhostUserRequest.of(id());
    }

    int flags() {
        return bytes.getInt(MessageLayout.HEADER_FLAGS);
    }

    boolean needsReply() {
        return (flags() & MessageLayout.FLAG_NEED_REPLY) != 0;
    }

    long payloadByteLength() {
        return payloadByteLength;
    }

    /** An unsigned 32-bit field of the payload. */
    long u32(int offset) {
        return Integer.toUnsignedLong(bytes.getInt(MessageLayout.HEADER_BYTES + offset));
    }

    long u64(int offset) {
        return bytes.getLong(MessageLayout.HEADER_BYTES + offset);
    }

    /** Whether the payload has so many bytes, or more of which all behind them are zero. */
    boolean endsWithZerosFrom(long offset) {
        for (long at = offset; at < payloadByteLength; at++) {
            if (bytes.get(MessageLayout.HEADER_BYTES + (int) at) != 0) {
                return false;
            }
        }
        return payloadByteLength >= offset;
    }

    /** The payload of a message that has one number. */
    long u64() {
        return u64(0);
    }

    /** The first bytes of the payload. */
    byte[] copyPayload(int most) {
        byte[] copy = new byte[(int) Math.min(most, payloadByteLength)];
        bytes.get(MessageLayout.HEADER_BYTES, copy);
        return copy;
    }

    int fdCount() {
        return fds.count();
    }

    /** Hands a descriptor over: the caller closes it from now on. */
    Fd takeFd(int index) {
        return fds.take(index);
    }

    /** Likewise, if {@code check} does not throw: else it is closed. */
    Fd takeFd(int index, Consumer<Fd> check) {
        Fd fd = fds.take(index);
        boolean accepted = false;
        try {
            check.accept(fd);
            accepted = true;
            return fd;
        } finally {
            if (!accepted) {
                fd.close();
            }
        }
    }

    /** Whether more descriptors came than any message may carry, or the kernel dropped some, or they came too late. */
    boolean hasBadFds() {
        return strayFds || fds.surplus() > 0 || fds.isTruncated();
    }
}
