package io.annulet.backend.offload;

import io.annulet.memory.HostMemory;

/**
 * Cuts one large frame into parts: makes the headers of each and says which bytes of the frame follow them. Owned by one
 * thread, which uses it for one frame after another. Headers are made from a private copy that {@link OffloadHeader} has
 * judged.
 */
public abstract sealed class Segmentation permits TransportSegmentation, FragmentSegmentation {

    static final int IPV4_TOTAL_LENGTH = 2;
    static final int IPV4_ID = 4;
    static final int IPV4_FRAGMENT = 6;
    static final int IPV4_CHECKSUM = 10;
    static final int IPV6_PAYLOAD_LENGTH = 4;
    static final int IPV6_BYTES = 40;

    final FrameHeaders headers = new FrameHeaders();
    private long header;
    private int cutOffset;
    private int bytes;
    private int partBytes;
    private int count;

    /**
     * Begins with a frame.
     *
     * @param headerAddress its virtio-net header, as it was judged
     * @param headerBytes of virtio-net
     * @param copyBytes bytes of the frame behind that
     * @param frameByteLength of the whole frame
     */
    public final void begin(long headerAddress, int headerBytes, int copyBytes, int frameByteLength) {
        header = headerAddress;
        long frame = headerAddress + headerBytes;
        if (!headers.parse(frame, copyBytes)) {
            throw new AssertionError("a large frame was judged right, and its headers are not");
        }
        partBytes = partBytes(OffloadHeader.gsoSize(headerAddress));
        cutOffset = cutOffset();
        bytes = frameByteLength - cutOffset;
        count = (bytes + partBytes - 1) / partBytes;
        begun(frame);
    }

    abstract int partBytes(int gsoSize);

    abstract int cutOffset();

    abstract void begun(long frame);

    /** Into how many parts. */
    public final int count() {
        return count;
    }

    /** Where the bytes of a part begin in the large frame. */
    public final int from(int part) {
        return cutOffset + part * partBytes;
    }

    /** How many bytes of the large frame a part has behind its headers. */
    public final int byteLength(int part) {
        return Math.min(partBytes, bytes - part * partBytes);
    }

    final boolean isLast(int part) {
        return part == count - 1;
    }

    final long header() {
        return header;
    }

    /**
     * Writes the virtio-net header of a part to {@code to}, and the part's own headers behind it; the parts one after the
     * other.
     *
     * @return bytes of the part's own headers
     */
    public abstract int writeHeaders(int part, long to, int headerBytes);

    /** Sets the length of an IP packet, and the checksum of its header. */
    final void writeIpLength(long ip, int packetBytes, int ipv4HeaderBytes) {
        if (headers.isIpv4()) {
            NetworkOrder.store16(ip + IPV4_TOTAL_LENGTH, packetBytes);
            NetworkOrder.store16(ip + IPV4_CHECKSUM, 0);
            HostMemory.storeShortUnaligned(
                    ip + IPV4_CHECKSUM, ~Checksum.fold(Checksum.sum(ip, ipv4HeaderBytes)) & 0xffff);
        } else {
            NetworkOrder.store16(ip + IPV6_PAYLOAD_LENGTH, packetBytes - IPV6_BYTES);
        }
    }
}
