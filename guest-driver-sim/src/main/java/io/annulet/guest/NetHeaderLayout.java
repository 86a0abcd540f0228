package io.annulet.guest;

import io.annulet.vhostuser.VirtioFeature;

/**
 * Where the fields of the header in front of each frame lie. From VIRTIO 1.2, "Network Device, Device Operation".
 *
 * <pre>
 * 0       1          2         4          6            8             10            12
 * | flags | gso_type | hdr_len | gso_size | csum_start | csum_offset | num_buffers |
 * </pre>
 *
 * num_buffers is there with VERSION_1 or MRG_RXBUF; HASH_REPORT adds 8 bytes behind it.
 */
public final class NetHeaderLayout {
    public static final int FLAGS = 0;
    public static final int GSO_TYPE = 1;
    public static final int HDR_LEN = 2;
    public static final int GSO_SIZE = 4;
    public static final int CSUM_START = 6;
    public static final int CSUM_OFFSET = 8;
    public static final int NUM_BUFFERS = 10;

    public static final int LEGACY_BYTES = 10;
    public static final int BYTES = 12;
    public static final int HASH_REPORT_BYTES = 20;
    /** The longest header that is ever in front of a frame here. */
    public static final int MAX_BYTES = HASH_REPORT_BYTES;

    public static final int FLAG_NEEDS_CSUM = 1;
    public static final int FLAG_DATA_VALID = 2;

    public static final int GSO_NONE = 0;
    public static final int GSO_TCPV4 = 1;
    public static final int GSO_UDP = 3;
    public static final int GSO_TCPV6 = 4;
    public static final int GSO_UDP_L4 = 5;
    /** Beside a TCP type: the sender reduced its window, which only the first segment may say. */
    public static final int GSO_ECN = 0x80;

    private NetHeaderLayout() {}

    /** The header's length under these acknowledged features. */
    public static int byteLength(long features) {
        if ((features & VirtioFeature.NET_HASH_REPORT) != 0) {
            return HASH_REPORT_BYTES;
        }
        return (features & (VirtioFeature.VERSION_1 | VirtioFeature.NET_MRG_RXBUF)) != 0 ? BYTES : LEGACY_BYTES;
    }
}
