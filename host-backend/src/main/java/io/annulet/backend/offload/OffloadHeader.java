package io.annulet.backend.offload;

import io.annulet.memory.HostMemory;

/**
 * Judges what a virtio-net header asks for, in a private copy, and writes the header that goes on in its place; owned by
 * one thread, which uses it for one frame after another.
 *
 * <p>Nothing that the sender wrote goes on as it is. VIRTIO 1.2, "Network Device, Packet Transmission":
 *
 * <pre>
 *    0       1          2         4          6            8             10
 *    | flags | gso_type | hdr_len | gso_size | csum_start | csum_offset | num_buffers |
 * </pre>
 */
public final class OffloadHeader {

    /** The mask of a header that asks for what it may not, or for what makes no sense. */
    public static final int REFUSED = -1;

    /** No offset. */
    public static final int UNKNOWN = -1;

    /**
     * Into so many parts a frame may be cut. TCP over the smallest segments that Linux lets itself be talked into comes
     * near this; what needs more wants to keep us busy.
     */
    static final int MAX_SEGMENTS = 2048;

    /** UDP_MAX_SEGMENTS of Linux, which refuses more. */
    static final int MAX_UDP_SEGMENTS = 128;

    static final int NEEDS_CSUM = 1;
    static final int DATA_VALID = 2;

    static final int GSO_NONE = 0;
    static final int GSO_TCPV4 = 1;
    static final int GSO_UDP = 3;
    static final int GSO_TCPV6 = 4;
    static final int GSO_UDP_L4 = 5;
    static final int GSO_ECN = 0x80;

    /** GSO_BY_FRAGS of Linux: a size that means something else there. */
    private static final int RESERVED_SIZE = 0xffff;

    /** The longest IPv4 packet, and what Linux makes of IPv6. */
    private static final int MAX_PACKET_BYTES = 65_535;

    private static final int TCP_FLAGS = 13;
    private static final int CWR = 0x80;

    /** Fragments are counted in units of eight bytes. */
    private static final int FRAGMENT_UNIT = 8;

    private final FrameHeaders headers = new FrameHeaders();

    // The header under judgement.
    private long frame;
    private int copyByteLength;
    private int frameByteLength;
    private int allowed;

    /**
     * Judges the header at {@code header} and writes what goes on over it, up to num_buffers.
     *
     * @param frameAddress the copy of the frame's first bytes
     * @param copyBytes how many those are
     * @param frameBytes length of the whole frame
     * @param allowedOffloads what the sender may ask for
     * @return the {@link Offload}s that the frame needs, or {@link #REFUSED}
     */
    public int judge(long header, long frameAddress, int copyBytes, int frameBytes, int allowedOffloads) {
        frame = frameAddress;
        copyByteLength = copyBytes;
        frameByteLength = frameBytes;
        allowed = allowedOffloads;
        int flags = HostMemory.loadByte(header);
        int type = HostMemory.loadByte(header + 1);
        if ((flags & NEEDS_CSUM) == 0) {
            return type == GSO_NONE ? finished(header, flags) : REFUSED;
        }
        int start = HostMemory.loadShortUnaligned(header + 6);
        int offset = HostMemory.loadShortUnaligned(header + 8);
        if ((allowed & Offload.CHECKSUM) == 0 || !mayComplete(start, offset)) {
            return REFUSED;
        }
        return type == GSO_NONE
                ? checksum(header, start, offset)
                : large(header, type, HostMemory.loadShortUnaligned(header + 4), start, offset);
    }

    /** Nothing is asked for; a source that may say so says that it checked the checksum. */
    private int finished(long header, int flags) {
        int valid = (flags & DATA_VALID) != 0 ? allowed & Offload.VALID : 0;
        write(header, valid == 0 ? 0 : DATA_VALID, GSO_NONE, 0, 0, 0, 0);
        return valid;
    }

    private static int checksum(long header, int start, int offset) {
        write(header, NEEDS_CSUM, GSO_NONE, 0, 0, start, offset);
        return Offload.CHECKSUM;
    }

    /**
     * Whether a checksum may be completed there. It may change nothing but a checksum: what lies before was decided on,
     * and goes on as it was then.
     */
    private boolean mayComplete(int start, int offset) {
        if (start + offset + 2 > copyByteLength || !headers.parse(frame, copyByteLength) || headers.isFragment()) {
            return false;
        }
        if (start == headers.l4Offset()) {
            return offset == headers.checksumOffset();
        }
        return start >= headers.l4Offset() + Math.max(headers.l4HeaderBytes(), 4) && headers.mayCarryOthers();
    }

    private int large(long header, int type, int size, int start, int offset) {
        int kind = kind(type & ~GSO_ECN);
        boolean markAllowed = (type & GSO_ECN) == 0 || (isTcp(kind) && (allowed & Offload.ECN) != 0);
        if (kind == Offload.NONE
                || (allowed & kind) == 0
                || !markAllowed
                || size == 0
                || size == RESERVED_SIZE
                || start != headers.l4Offset()
                || frameByteLength - headers.l3Offset() > MAX_PACKET_BYTES) {
            return REFUSED;
        }
        int cut = kind == Offload.UFO ? headers.l4Offset() : headers.payloadOffset();
        int payload = frameByteLength - cut;
        if (payload <= size) {
            return checksum(header, start, offset);
        }
        int unit = kind == Offload.UFO ? size & -FRAGMENT_UNIT : size;
        if (unit == 0 || (payload + unit - 1) / unit > mostSegments(kind)) {
            return REFUSED;
        }
        boolean marked = isTcp(kind) && isMarked(type);
        int goesOn = (type & ~GSO_ECN) | (marked ? GSO_ECN : 0);
        write(header, NEEDS_CSUM, goesOn, headers.payloadOffset(), size, start, offset);
        return Offload.CHECKSUM | kind | (marked ? Offload.ECN : 0);
    }

    private boolean isMarked(int type) {
        return (type & GSO_ECN) != 0 || (HostMemory.loadByte(frame + headers.l4Offset() + TCP_FLAGS) & CWR) != 0;
    }

    private static boolean isTcp(int kind) {
        return (kind & (Offload.TSO4 | Offload.TSO6)) != 0;
    }

    private static int mostSegments(int kind) {
        return (kind & (Offload.USO4 | Offload.USO6)) != 0 ? MAX_UDP_SEGMENTS : MAX_SEGMENTS;
    }

    /** Which offload a gso_type is for a frame with these headers; none if they do not match. */
    private int kind(int type) {
        boolean v4 = headers.isIpv4();
        boolean tcp = headers.protocol() == FrameHeaders.TCP;
        boolean udp = headers.protocol() == FrameHeaders.UDP;
        return switch (type) {
            case GSO_TCPV4 -> v4 && tcp ? Offload.TSO4 : Offload.NONE;
            case GSO_TCPV6 -> !v4 && tcp ? Offload.TSO6 : Offload.NONE;
            case GSO_UDP -> udp ? Offload.UFO : Offload.NONE;
            case GSO_UDP_L4 -> udp ? (v4 ? Offload.USO4 : Offload.USO6) : Offload.NONE;
            default -> Offload.NONE;
        };
    }

    // Verification.

    /**
     * Where the transport's header begins, if it has a checksum that can be checked; else {@link #UNKNOWN}, as for a
     * frame that is padded.
     */
    public int transportOffset(long frameAddress, int copyBytes, int frameBytes) {
        boolean known = headers.parse(frameAddress, copyBytes)
                && !headers.isFragment()
                && !headers.isRouted()
                && headers.packetEnd(frameAddress) == frameBytes
                && (headers.protocol() == FrameHeaders.TCP || headers.protocol() == FrameHeaders.UDP);
        return known ? headers.l4Offset() : UNKNOWN;
    }

    /**
     * Whether a checksum is right, after {@link #transportOffset} of the same frame.
     *
     * @param transportSum of all bytes from there to the frame's end
     */
    public boolean isRight(long frameAddress, int frameBytes, long transportSum) {
        boolean none = headers.protocol() == FrameHeaders.UDP
                && Checksum.stored(frameAddress + headers.l4Offset() + headers.checksumOffset()) == 0;
        int bytes = frameBytes - headers.l4Offset();
        return none || Checksum.fold(transportSum + headers.pseudoSum(frameAddress, bytes)) == 0xffff;
    }

    // Headers that we made.

    static void write(long header, int flags, int type, int headerBytes, int size, int start, int offset) {
        HostMemory.storeByte(header, flags);
        HostMemory.storeByte(header + 1, type);
        HostMemory.storeShortUnaligned(header + 2, headerBytes);
        HostMemory.storeShortUnaligned(header + 4, size);
        HostMemory.storeShortUnaligned(header + 6, start);
        HostMemory.storeShortUnaligned(header + 8, offset);
    }

    static int gsoSize(long header) {
        return HostMemory.loadShortUnaligned(header + 4);
    }

    /** Where the range that a checksum is over begins, in the frame. */
    public static int checksumStart(long header) {
        return HostMemory.loadShortUnaligned(header + 6);
    }

    /** Where the checksum is, in the frame. */
    public static int checksumAt(long header) {
        return checksumStart(header) + HostMemory.loadShortUnaligned(header + 8);
    }

    /** Makes a header ask for nothing. */
    public static void clear(long header) {
        write(header, 0, GSO_NONE, 0, 0, 0, 0);
    }
}
