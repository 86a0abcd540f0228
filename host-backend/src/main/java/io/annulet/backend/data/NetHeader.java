package io.annulet.backend.data;

import io.annulet.memory.HostMemory;

/**
 * The header before each frame in a virtio-net buffer, stateless. VIRTIO 1.2, "Network Device, Device Operation".
 *
 * <pre>
 *    0       1          2         4          6            8             10
 *    | flags | gso_type | hdr_len | gso_size | csum_start | csum_offset | num_buffers |
 * </pre>
 *
 * num_buffers is there with VERSION_1 or MRG_RXBUF only.
 */
public final class NetHeader {

    /** What all ports hand to each other, whatever their guests acknowledged. */
    public static final int BYTES = 12;

    /** With HASH_REPORT, behind those: the hash in 32 bits, its kind in 16, 16 bits of padding. */
    static final int HASH_BYTES = 8;

    private static final int LEGACY_BYTES = 10;
    private static final int NUM_BUFFERS = 10;
    private static final long VERSION_1 = 1L << 32;
    private static final long HASH_REPORT = 1L << 57;
    private static final long MRG_RXBUF = 1L << 15;

    /**
     * In flags NEEDS_CSUM and DATA_VALID, and gso_type: what makes a frame other than plain. Other flags mean nothing to
     * us, and a device ignores what it does not know.
     */
    private static final long OFFLOAD_FIELDS = 0xff03L;

    /** In the second word of a line: csum_offset and num_buffers; what follows is the frame's. */
    private static final long LAST_FIELDS = 0xffff_ffffL;

    private static final long ONE_BUFFER = 1L << 16;

    private NetHeader() {}

    /** The one place that tells how long the header of a guest is. */
    public static int byteLength(long acknowledgedFeatures) {
        if ((acknowledgedFeatures & HASH_REPORT) != 0) {
            return BYTES + HASH_BYTES;
        }
        return (acknowledgedFeatures & (VERSION_1 | MRG_RXBUF)) != 0 ? BYTES : LEGACY_BYTES;
    }

    /** Whether a snapshot of a header asks for checksum or segmentation, or says that the checksum was checked. */
    static boolean asksForOffload(long headerAddress) {
        return (HostMemory.loadLong(headerAddress) & OFFLOAD_FIELDS) != 0;
    }

    /**
     * Copies the first line of a buffer, header and frame. A header that asks for nothing is made plain on the way.
     *
     * @return whether that was so; else the header was copied as it is
     */
    static boolean copyLineAsPlain(long from, long to) {
        long fields = HostMemory.loadLong(from);
        long last = HostMemory.loadLong(from + 8);
        boolean isPlain = (fields & OFFLOAD_FIELDS) == 0;
        HostMemory.storeLong(to, isPlain ? 0 : fields);
        HostMemory.storeLong(to + 8, isPlain ? (last & ~LAST_FIELDS) | ONE_BUFFER : last);
        HostMemory.copyLineFrom16(from, to);
        return isPlain;
    }

    /** Writes the header of a frame that needs nothing of its receiver. */
    static void plain(long headerAddress) {
        HostMemory.storeLong(headerAddress, 0);
        HostMemory.storeShort(headerAddress + 8, 0);
        HostMemory.storeShort(headerAddress + NUM_BUFFERS, 1);
    }

    /** Stores num_buffers into a receive buffer, at any alignment. */
    static void numBuffers(long headerAddress, int count) {
        HostMemory.storeShortUnaligned(headerAddress + NUM_BUFFERS, count);
    }

    /** Bytes of payload in each segment of a large frame: gso_size. */
    static int segmentByteLength(long headerAddress) {
        return HostMemory.loadShortUnaligned(headerAddress + 4);
    }
}
