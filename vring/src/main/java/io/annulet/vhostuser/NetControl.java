package io.annulet.vhostuser;

/**
 * The commands of a network device's control queue, as numbers and byte positions; both sides read them here. From VIRTIO
 * 1.4, "Network Device, Control Virtqueue".
 *
 * <pre>
 * the driver's half of a command   0       1         2
 *                                  | class | command | data ...
 * the device's half                0     1
 *                                  | ack | result ...
 * </pre>
 *
 * Positions of fields count from the begin of the data.
 */
public final class NetControl {

    public static final int CLASS = 0;
    public static final int COMMAND = 1;
    /** Bytes in front of the data. */
    public static final int HEADER_BYTES = 2;

    public static final int OK = 0;
    public static final int ERR = 1;

    public static final int RX = 0;
    public static final int RX_PROMISC = 0;
    public static final int RX_ALLMULTI = 1;
    public static final int RX_ALLUNI = 2;
    public static final int RX_NOMULTI = 3;
    public static final int RX_NOUNI = 4;
    public static final int RX_NOBCAST = 5;

    public static final int MAC = 1;
    /** Two tables, of unicast and of group addresses: a count of 32 bits each, and as many addresses. */
    public static final int MAC_TABLE_SET = 0;

    public static final int MAC_ADDR_SET = 1;
    public static final int MAC_BYTES = 6;

    public static final int VLAN = 2;
    public static final int VLAN_ADD = 0;
    public static final int VLAN_DEL = 1;
    public static final int MAX_VLAN_ID = 4094;

    public static final int ANNOUNCE = 3;
    public static final int ANNOUNCE_ACK = 0;

    public static final int MQ = 4;
    public static final int MQ_VQ_PAIRS_SET = 0;
    /**
     * Hash types, 32 bits; mask of the table, pair for frames without hash, the table, the last pair to send on, 16 bits
     * each; key.
     */
    public static final int MQ_RSS_CONFIG = 1;
    /** Hash types, 32 bits; 8 bytes reserved; key. A key is its length in one byte, and its bytes. */
    public static final int MQ_HASH_CONFIG = 2;

    public static final int RSS_TYPES = 0;
    public static final int RSS_TABLE_MASK = 4;
    public static final int RSS_UNCLASSIFIED = 6;
    public static final int RSS_TABLE = 8;
    public static final int HASH_KEY = 12;

    public static final int GUEST_OFFLOADS = 5;
    public static final int GUEST_OFFLOADS_SET = 0;

    /** Frames and microseconds, 32 bits each; for one queue, its number and 16 bits reserved in front of them. */
    public static final int NOTF_COAL = 6;

    public static final int NOTF_COAL_TX_SET = 0;
    public static final int NOTF_COAL_RX_SET = 1;
    public static final int NOTF_COAL_VQ_SET = 2;
    public static final int NOTF_COAL_VQ_GET = 3;
    public static final int COAL_BYTES = 8;

    public static final int STATS = 8;
    /** The result is a mask of the kinds of statistics that there are. */
    public static final int STATS_QUERY = 0;
    /** For each queue: its number, 6 bytes reserved, a mask of kinds. */
    public static final int STATS_GET = 1;

    public static final int STATS_REQUEST_BYTES = 16;
    public static final int STATS_REQUEST_KINDS = 8;
    /** Of each queue and kind in the result: kind in one byte, one reserved, number, 2 reserved, length of all of it. */
    public static final int STATS_HEADER_BYTES = 8;

    public static final int STATS_RX_BASIC = 0;
    public static final int STATS_TX_BASIC = 16;
    public static final int STATS_CVQ = 32;

    private NetControl() {}
}
