package io.annulet.hostile;

import io.annulet.vhostuser.VhostUserRequest;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;

/** One message of a generated session, as it is sent; immutable. */
final class ProtocolMessage {

    /** What kind of file a descriptor is of. */
    enum Kind {
        MEMORY,
        EVENT,
        SOCKET
    }

    /** How its bytes come. */
    enum Delivery {
        WHOLE,
        /** In two writes, cut at {@link #cut}. */
        CUT,
        /** Likewise, the descriptors with the second part. */
        CUT_WITH_LATE_FDS,
        BYTE_BY_BYTE,
        /** In one write with the next message. */
        GLUED
    }

    final int id;
    final int flags;
    final byte[] payload;
    final List<Kind> fds;
    final Delivery delivery;
    final int cut;

    ProtocolMessage(int id, int flags, byte[] payload, List<Kind> fds, Delivery delivery, int cut) {
        this.id = id;
        this.flags = flags;
        this.payload = payload;
        this.fds = List.copyOf(fds);
        this.delivery = delivery;
        this.cut = cut;
    }

    boolean hasLateFds() {
        return delivery == Delivery.CUT_WITH_LATE_FDS && !fds.isEmpty();
    }

    byte[] bytes() {
        return Messages.of(id, flags, payload.length, payload);
    }

    long u32(int at) {
        return Integer.toUnsignedLong(words().getInt(at));
    }

    long u64(int at) {
        return words().getLong(at);
    }

    private ByteBuffer words() {
        return ByteBuffer.wrap(payload).order(ByteOrder.LITTLE_ENDIAN);
    }

    @Override
    public String toString() {
        VhostUserRequest request = VhostUserRequest.of(id);
        StringBuilder bytes = new StringBuilder();
        for (int i = 0; i < Math.min(payload.length, 48); i++) {
            bytes.append(String.format(i % 8 == 0 ? " %02x" : "%02x", payload[i]));
        }
        return (request == null ? "message " + id : request.toString())
                + String.format(", flags 0x%x, %d bytes%s, %s, %s", flags, payload.length, bytes, fds, delivery)
                + (delivery.name().startsWith("CUT") ? " at " + cut : "");
    }
}
