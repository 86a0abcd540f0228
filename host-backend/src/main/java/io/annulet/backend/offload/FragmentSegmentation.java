package io.annulet.backend.offload;

import io.annulet.memory.HostMemory;
import java.util.concurrent.ThreadLocalRandom;

/**
 * IP fragments out of one long UDP datagram, whose checksum was completed before: RFC 791, "Fragmentation and
 * Reassembly", and RFC 8200, "Fragment Header". Owned by one thread.
 */
public final class FragmentSegmentation extends Segmentation {

    private static final int UNIT = 8;
    private static final int FRAGMENT_HEADER_BYTES = 8;
    private static final int MORE = 1;
    private static final int IPV4_MORE = 0x2000;
    private static final int IPV4_DO_NOT = 0x4000;
    private static final int FRAGMENT_HEADER = 44;

    private long template;
    private int nextIdentification = ThreadLocalRandom.current().nextInt();
    private int identification;

    @Override
    int partBytes(int gsoSize) {
        return gsoSize & -UNIT;
    }

    @Override
    int cutOffset() {
        return headers.isIpv4() ? headers.l4Offset() : headers.fragmentOffset();
    }

    @Override
    void begun(long frame) {
        template = frame;
        long ip = frame + headers.l3Offset();
        // A packet that was not to be fragmented need not have a number of its own.
        boolean hasOwn = headers.isIpv4() && (NetworkOrder.load16(ip + IPV4_FRAGMENT) & IPV4_DO_NOT) == 0;
        identification = hasOwn ? NetworkOrder.load16(ip + IPV4_ID) : nextIdentification++;
    }

    @Override
    public int writeHeaders(int part, long to, int headerBytes) {
        OffloadHeader.clear(to);
        long frame = to + headerBytes;
        HostMemory.copy(template, frame, cutOffset());
        return headers.isIpv4() ? writeIpv4(part, frame) : writeIpv6(part, frame);
    }

    private int writeIpv4(int part, long frame) {
        long ip = frame + headers.l3Offset();
        int ipHeaderBytes = cutOffset() - headers.l3Offset();
        NetworkOrder.store16(ip + IPV4_ID, identification);
        int offset = (from(part) - from(0)) / UNIT;
        NetworkOrder.store16(ip + IPV4_FRAGMENT, offset | (isLast(part) ? 0 : IPV4_MORE));
        writeIpLength(ip, ipHeaderBytes + byteLength(part), ipHeaderBytes);
        return cutOffset();
    }

    private int writeIpv6(int part, long frame) {
        long fragment = frame + cutOffset();
        long next = frame + headers.fragmentNextHeader();
        HostMemory.storeByte(fragment, HostMemory.loadByte(next));
        HostMemory.storeByte(next, FRAGMENT_HEADER);
        HostMemory.storeByte(fragment + 1, 0);
        // The offset is counted in units of eight bytes, from the fourth bit on.
        NetworkOrder.store16(fragment + 2, (from(part) - from(0)) | (isLast(part) ? 0 : MORE));
        NetworkOrder.store32(fragment + 4, identification);
        int all = cutOffset() + FRAGMENT_HEADER_BYTES;
        writeIpLength(frame + headers.l3Offset(), all - headers.l3Offset() + byteLength(part), 0);
        return all;
    }
}
