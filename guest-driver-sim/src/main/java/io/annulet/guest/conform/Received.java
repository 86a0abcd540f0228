package io.annulet.guest.conform;

import io.annulet.guest.NetHeaderLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;

/** A frame that the device delivered. */
final class Received {

    private final byte[] header;
    private final byte[] frame;
    private final List<Used> buffers;

    Received(byte[] header, byte[] frame, List<Used> buffers) {
        this.header = header;
        this.frame = frame;
        this.buffers = buffers;
    }

    byte[] frame() {
        return frame;
    }

    /** The buffers that it took. */
    List<Used> buffers() {
        return buffers;
    }

    int headerByteLength() {
        return header.length;
    }

    /** num_buffers, or 1 where the header has no such field. */
    int numBuffers() {
        return header.length < NetHeaderLayout.BYTES ? 1 : numBuffers(header);
    }

    static int numBuffers(byte[] header) {
        return Short.toUnsignedInt(
                ByteBuffer.wrap(header).order(ByteOrder.LITTLE_ENDIAN).getShort(NetHeaderLayout.NUM_BUFFERS));
    }

    int flags() {
        return header[NetHeaderLayout.FLAGS] & 0xff;
    }

    int gsoType() {
        return header[NetHeaderLayout.GSO_TYPE] & 0xff;
    }
}
