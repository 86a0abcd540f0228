package io.annulet.vhostuser;

/**
 * The configuration space of a network device, in bytes from its begin; both sides read it here. From VIRTIO 1.4, "Network
 * Device, Device configuration layout". Fields are there whatever was agreed on; who did not agree does not look.
 *
 * <pre>
 * 0     6        8            10    12      16       17                 18             20           24            28
 * | mac | status | queue pairs | mtu | speed | duplex | RSS key, at most | RSS table ... | hash types | tunnel types |
 * </pre>
 */
public final class NetConfigLayout {

    public static final int MAC = 0;
    public static final int STATUS = 6;
    public static final int MAX_QUEUE_PAIRS = 8;
    public static final int MTU = 10;
    public static final int SPEED = 12;
    public static final int DUPLEX = 16;
    public static final int RSS_MAX_KEY_BYTES = 17;
    public static final int RSS_MAX_TABLE_LENGTH = 18;
    public static final int HASH_TYPES = 20;
    public static final int TUNNEL_TYPES = 24;
    public static final int BYTES = 28;

    /** In the status: the link is up. */
    public static final int LINK_UP = 1;
    /** In the status: the driver is to tell the network where its addresses are. */
    public static final int ANNOUNCE = 2;

    private NetConfigLayout() {}
}
