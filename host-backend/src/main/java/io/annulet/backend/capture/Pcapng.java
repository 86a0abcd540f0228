package io.annulet.backend.capture;

import io.annulet.backend.stats.DropReason;
import io.annulet.memory.HostMemory;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;

/**
 * The blocks of a pcapng file, little-endian with nanoseconds; stateless. Each begins with its type and its length, and ends
 * with its length. Format: draft-ietf-opsawg-pcapng.
 */
final class Pcapng {

    static final int PACKET_BLOCK = 6;

    /** All that a packet block has beside the frame, at most. */
    static final int PACKET_OVERHEAD = 512;

    private static final int SECTION_BLOCK = 0x0a0d_0d0a;
    private static final int INTERFACE_BLOCK = 1;
    private static final int BYTE_ORDER_MAGIC = 0x1a2b_3c4d;
    private static final int LINK_TYPE_ETHERNET = 1;

    private static final int OPTION_END = 0;
    private static final int OPTION_COMMENT = 1;
    private static final int INTERFACE_NAME = 2;
    private static final int INTERFACE_TIME_RESOLUTION = 9;
    private static final int SECTION_APPLICATION = 4;
    private static final int PACKET_FLAGS = 2;
    private static final int PACKET_DROP_COUNT = 4;
    private static final int PACKET_QUEUE = 6;

    private static final byte NANOSECONDS = 9;
    private static final int INBOUND = 1;
    private static final int OUTBOUND = 2;

    private static final String[] SEGMENTATION = {"none", "tcpv4", "2", "udp", "tcpv6", "udp-l4"};

    private Pcapng() {}

    /** Begins a section: all interfaces are described anew behind it. */
    static void section(ByteBuffer to) {
        int begin = begin(to, SECTION_BLOCK);
        to.putInt(BYTE_ORDER_MAGIC).putShort((short) 1).putShort((short) 0).putLong(-1);
        option(to, SECTION_APPLICATION, "annulet");
        end(to, begin);
    }

    /** Describes the interface of the next number. */
    static void interfaceNamed(ByteBuffer to, String name, int snapByteLength) {
        int begin = begin(to, INTERFACE_BLOCK);
        to.putShort((short) LINK_TYPE_ETHERNET).putShort((short) 0).putInt(snapByteLength);
        option(to, INTERFACE_NAME, name);
        to.putShort((short) INTERFACE_TIME_RESOLUTION).putShort((short) 1).putInt(NANOSECONDS);
        end(to, begin);
    }

    /** @param missedBefore frames that were wanted and are missing between this one and the one before */
    static void packet(ByteBuffer to, long record, long epochNanos, String port, long missedBefore) {
        int begin = begin(to, PACKET_BLOCK);
        int kept = CaptureRecord.keptByteLength(record);
        to.putInt(CaptureRecord.port(record))
                .putInt((int) (epochNanos >>> 32))
                .putInt((int) epochNanos)
                .putInt(kept)
                .putInt(CaptureRecord.frameByteLength(record));
        HostMemory.copyOut(CaptureRecord.keptAddress(record), to.array(), to.arrayOffset() + to.position(), kept);
        to.position(to.position() + kept);
        pad(to);
        option(to, OPTION_COMMENT, comment(record, port));
        to.putShort((short) PACKET_FLAGS).putShort((short) 4).putInt(CaptureRecord.isIn(record) ? INBOUND : OUTBOUND);
        to.putShort((short) PACKET_QUEUE).putShort((short) 4).putInt(CaptureRecord.queue(record));
        if (missedBefore > 0) {
            to.putShort((short) PACKET_DROP_COUNT).putShort((short) 8).putLong(missedBefore);
        }
        end(to, begin);
    }

    /** What Wireshark shows as the packet's comment. */
    static String comment(long record, String port) {
        StringBuilder text = new StringBuilder(100);
        text.append("port=").append(port);
        text.append(CaptureRecord.isIn(record) ? " dir=in" : " dir=out");
        text.append(" queue=").append(CaptureRecord.queue(record));
        if (CaptureRecord.head(record) != CaptureRecord.NO_HEAD) {
            text.append(" head=").append(CaptureRecord.head(record));
        }
        appendHeader(text, record);
        DropReason why = CaptureRecord.reason(record);
        if (why != null) {
            text.append(" drop=").append(why.label());
        }
        return text.toString();
    }

    /** The virtio-net header. VIRTIO 1.2, "Network Device, Device Operation". */
    private static void appendHeader(StringBuilder text, long record) {
        int flags = CaptureRecord.headerByte(record, 0);
        int segmentation = CaptureRecord.headerByte(record, 1) & 0x7f;
        boolean hasEcn = (CaptureRecord.headerByte(record, 1) & 0x80) != 0;
        text.append(" hdr=");
        text.append((flags & 1) != 0 ? "needs-csum" : (flags & 2) != 0 ? "data-valid" : "plain");
        if ((flags & 1) != 0) {
            text.append(" csum-start=")
                    .append(field(record, 6))
                    .append(" csum-offset=")
                    .append(field(record, 8));
        }
        if (segmentation != 0) {
            text.append(" gso=").append(segmentation < SEGMENTATION.length ? SEGMENTATION[segmentation] : segmentation);
            text.append(hasEcn ? "+ecn" : "").append(" gso-size=").append(field(record, 4));
        }
    }

    private static int field(long record, int offset) {
        return CaptureRecord.headerByte(record, offset) | CaptureRecord.headerByte(record, offset + 1) << 8;
    }

    private static int begin(ByteBuffer to, int type) {
        int begin = to.position();
        to.putInt(type).putInt(0);
        return begin;
    }

    private static void end(ByteBuffer to, int begin) {
        to.putShort((short) OPTION_END).putShort((short) 0);
        int length = to.position() + Integer.BYTES - begin;
        to.putInt(length).putInt(begin + Integer.BYTES, length);
    }

    private static void option(ByteBuffer to, int code, String text) {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        to.putShort((short) code).putShort((short) bytes.length).put(bytes);
        pad(to);
    }

    private static void pad(ByteBuffer to) {
        while (to.position() % Integer.BYTES != 0) {
            to.put((byte) 0);
        }
    }
}
