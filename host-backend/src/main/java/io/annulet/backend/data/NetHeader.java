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

    private static final int LEGACY_BYTES = 10;
    private static final int NUM_BUFFERS = 10;
    private static final long VERSION_1 = 1L << 32;
    private static final long MRG_RXBUF = 1L << 15;

    /**
     * In flags NEEDS_CSUM and DATA_VALID, and gso_type: what makes a frame other than plain. Other flags mean nothing to
     * us, and a device ignores what it does not know.
     */
    private static final long OFFLOAD_FIELDS = 0xff03L;

    private NetHeader() {}

    /** The one place that tells how long the header of a guest is. */
    public static int byteLength(long acknowledgedFeatures) {
        return (acknowledgedFeatures & (VERSION_1 | MRG_RXBUF)) != 0 ? BYTES : LEGACY_BYTES;
    }

    /** Whether a snapshot of a header asks for checksum or segmentation, or says that the checksum was checked. */
    static boolean asksForOffload(long headerAddress) {
        return (HostMemory.loadLong(headerAddress) & OFFLOAD_FIELDS) != 0;
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
}
