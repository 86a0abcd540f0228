package io.annulet.vfio;

import io.annulet.memory.HostMemory;

/**
 * A virtio-net header of our own and the frame's headers behind it, as drivers need them; stateless. Both were judged
 * before: offsets lie in the headers.
 *
 * <pre>
 *    0       1          2         4          6            8             10            12
 *    | flags | gso_type | hdr_len | gso_size | csum_start | csum_offset | num_buffers | frame ...
 * </pre>
 */
final class NetHeaderFields {

    static final int BYTES = 12;

    private static final int NEEDS_CSUM = 1;
    private static final int TCPV4 = 1;
    private static final int TCPV6 = 4;
    private static final int KIND = 0x7f;

    private static final int ETHERNET_TYPE = 12;
    private static final int TCP = 6;

    private NetHeaderFields() {}

    static boolean needsChecksum(long header) {
        return (HostMemory.loadByte(header) & NEEDS_CSUM) != 0;
    }

    static boolean isTcpSegment(long header) {
        int kind = HostMemory.loadByte(header + 1) & KIND;
        return kind == TCPV4 || kind == TCPV6;
    }

    static boolean isIpv4Segment(long header) {
        return (HostMemory.loadByte(header + 1) & KIND) == TCPV4;
    }

    /** Of the headers that go before every part. */
    static int headerByteLength(long header) {
        return HostMemory.loadShortUnaligned(header + 2);
    }

    static int segmentByteLength(long header) {
        return HostMemory.loadShortUnaligned(header + 4);
    }

    static int checksumStart(long header) {
        return HostMemory.loadShortUnaligned(header + 6);
    }

    static int checksumOffset(long header) {
        return HostMemory.loadShortUnaligned(header + 8);
    }

    /** Where the IP header begins, behind up to two VLAN tags. */
    static int ipOffset(long frame) {
        int at = ETHERNET_TYPE;
        for (int tags = 0; tags < 2 && isVlanTag(HostMemory.loadShortUnaligned(frame + at)); tags++) {
            at += 4;
        }
        return at + 2;
    }

    private static boolean isVlanTag(int type) {
        return type == 0x0081 || type == 0xa888;
    }

    /**
     * Clears the length and the checksum of IP, and puts the sum of the pseudo header without a length where the checksum
     * of TCP is to be: what is left to hardware that cuts.
     */
    static void prepareForCutting(long frame, int ip, int checksum, boolean v4) {
        long addresses = frame + ip + (v4 ? 12 : 8);
        int words = v4 ? 4 : 16;
        if (v4) {
            HostMemory.storeShortUnaligned(frame + ip + 2, 0);
            HostMemory.storeShortUnaligned(frame + ip + 10, 0);
        } else {
            HostMemory.storeShortUnaligned(frame + ip + 4, 0);
        }
        int sum = TCP << 8; // in the order of memory, as all that is added here
        for (int i = 0; i < words; i++) {
            sum += HostMemory.loadShortUnaligned(addresses + 2L * i);
        }
        sum = (sum & 0xffff) + (sum >>> 16);
        sum = (sum & 0xffff) + (sum >>> 16);
        HostMemory.storeShortUnaligned(frame + checksum, sum);
    }
}
