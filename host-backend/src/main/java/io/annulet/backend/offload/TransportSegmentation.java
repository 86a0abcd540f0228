package io.annulet.backend.offload;

import io.annulet.memory.HostMemory;

/**
 * TCP segments out of a long one, or UDP datagrams of one size out of several in one. Owned by one thread.
 *
 * <p>Each part is a packet of its own. Its checksum is left partial, as the large frame's was: the large frame's sum of
 * the pseudo-header, with the one length taken out and the other put in. So it is right for any addresses, those that a
 * routing header hides too.
 */
public final class TransportSegmentation extends Segmentation {

    private static final int TCP_SEQUENCE = 4;
    private static final int TCP_FLAGS = 13;
    private static final int FIN = 0x01;
    private static final int PSH = 0x08;
    private static final int CWR = 0x80;
    private static final int UDP_LENGTH = 4;

    private long template;
    private long pseudoSum;
    private int identification;
    private int sequence;

    @Override
    int partBytes(int gsoSize) {
        return gsoSize;
    }

    @Override
    int cutOffset() {
        return headers.payloadOffset();
    }

    @Override
    void begun(long frame) {
        template = frame;
        long l4 = frame + headers.l4Offset();
        int wholeBytes = headers.l4HeaderBytes() + byteLength(count() - 1) + from(count() - 1) - from(0);
        long withoutLength = ~Checksum.number(wholeBytes) & 0xffff;
        pseudoSum = Checksum.stored(l4 + headers.checksumOffset()) + withoutLength;
        identification = headers.isIpv4() ? NetworkOrder.load16(frame + headers.l3Offset() + IPV4_ID) : 0;
        sequence = headers.protocol() == FrameHeaders.TCP ? NetworkOrder.load32(l4 + TCP_SEQUENCE) : 0;
    }

    @Override
    public int writeHeaders(int part, long to, int headerBytes) {
        int start = headers.l4Offset();
        int all = headers.payloadOffset();
        OffloadHeader.write(
                to, OffloadHeader.NEEDS_CSUM, OffloadHeader.GSO_NONE, 0, 0, start, headers.checksumOffset());
        long frame = to + headerBytes;
        HostMemory.copy(template, frame, all);
        int l4Bytes = headers.l4HeaderBytes() + byteLength(part);
        long ip = frame + headers.l3Offset();
        if (headers.isIpv4()) {
            NetworkOrder.store16(ip + IPV4_ID, identification + part);
        }
        writeIpLength(ip, start - headers.l3Offset() + l4Bytes, start - headers.l3Offset());
        long l4 = frame + start;
        if (headers.protocol() == FrameHeaders.TCP) {
            writeTcp(l4, part);
        } else {
            NetworkOrder.store16(l4 + UDP_LENGTH, l4Bytes);
        }
        Checksum.storePartial(l4 + headers.checksumOffset(), pseudoSum + Checksum.number(l4Bytes));
        return all;
    }

    private void writeTcp(long tcp, int part) {
        NetworkOrder.store32(tcp + TCP_SEQUENCE, sequence + (from(part) - from(0)));
        int flags = HostMemory.loadByte(tcp + TCP_FLAGS);
        if (!isLast(part)) {
            flags &= ~(FIN | PSH);
        }
        if (part > 0) {
            flags &= ~CWR;
        }
        HostMemory.storeByte(tcp + TCP_FLAGS, flags);
    }
}
