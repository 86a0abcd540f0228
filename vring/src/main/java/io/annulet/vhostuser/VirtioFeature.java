package io.annulet.vhostuser;

/**
 * Masks of the 64-bit feature word that GET_FEATURES and SET_FEATURES carry: virtio-net bits under the names of VIRTIO
 * 1.4 "Network Device, Feature bits" without VIRTIO_NET_F_, ring and transport bits of "Reserved Feature Bits" without
 * VIRTIO_F_, and the two bits that vhost took for itself.
 */
public final class VirtioFeature {
    // Network device.
    public static final long NET_CSUM = 1L << 0;
    public static final long NET_GUEST_CSUM = 1L << 1;
    public static final long NET_CTRL_GUEST_OFFLOADS = 1L << 2;
    public static final long NET_MTU = 1L << 3;
    public static final long NET_MAC = 1L << 5;
    /** Legacy: any GSO type. */
    public static final long NET_GSO = 1L << 6;

    public static final long NET_GUEST_TSO4 = 1L << 7;
    public static final long NET_GUEST_TSO6 = 1L << 8;
    public static final long NET_GUEST_ECN = 1L << 9;
    public static final long NET_GUEST_UFO = 1L << 10;
    public static final long NET_HOST_TSO4 = 1L << 11;
    public static final long NET_HOST_TSO6 = 1L << 12;
    public static final long NET_HOST_ECN = 1L << 13;
    public static final long NET_HOST_UFO = 1L << 14;
    public static final long NET_MRG_RXBUF = 1L << 15;
    public static final long NET_STATUS = 1L << 16;
    public static final long NET_CTRL_VQ = 1L << 17;
    public static final long NET_CTRL_RX = 1L << 18;
    public static final long NET_CTRL_VLAN = 1L << 19;
    public static final long NET_CTRL_RX_EXTRA = 1L << 20;
    public static final long NET_GUEST_ANNOUNCE = 1L << 21;
    public static final long NET_MQ = 1L << 22;
    public static final long NET_CTRL_MAC_ADDR = 1L << 23;
    public static final long NET_DEVICE_STATS = 1L << 50;
    public static final long NET_HASH_TUNNEL = 1L << 51;
    public static final long NET_VQ_NOTF_COAL = 1L << 52;
    public static final long NET_NOTF_COAL = 1L << 53;
    public static final long NET_GUEST_USO4 = 1L << 54;
    public static final long NET_GUEST_USO6 = 1L << 55;
    public static final long NET_HOST_USO = 1L << 56;
    public static final long NET_HASH_REPORT = 1L << 57;
    public static final long NET_GUEST_HDRLEN = 1L << 59;
    public static final long NET_RSS = 1L << 60;
    public static final long NET_RSC_EXT = 1L << 61;
    public static final long NET_STANDBY = 1L << 62;
    public static final long NET_SPEED_DUPLEX = 1L << 63;

    // Rings and transport.
    /** Legacy: a call when the ring runs empty even where calls are suppressed. */
    public static final long NOTIFY_ON_EMPTY = 1L << 24;
    /** Legacy: implied by {@link #VERSION_1}. */
    public static final long ANY_LAYOUT = 1L << 27;

    public static final long INDIRECT_DESC = 1L << 28;
    public static final long EVENT_IDX = 1L << 29;
    public static final long VERSION_1 = 1L << 32;
    public static final long ACCESS_PLATFORM = 1L << 33;
    public static final long RING_PACKED = 1L << 34;
    public static final long IN_ORDER = 1L << 35;
    public static final long ORDER_PLATFORM = 1L << 36;
    public static final long SR_IOV = 1L << 37;
    public static final long NOTIFICATION_DATA = 1L << 38;
    public static final long NOTIF_CONFIG_DATA = 1L << 39;
    public static final long RING_RESET = 1L << 40;
    public static final long ADMIN_VQ = 1L << 41;
    public static final long SUSPEND = 1L << 43;

    // vhost.
    /** VHOST_F_LOG_ALL: every write to guest memory is logged. */
    public static final long LOG_ALL = 1L << 26;
    /** VHOST_USER_F_PROTOCOL_FEATURES: there are protocol features to agree on, and rings start disabled. */
    public static final long PROTOCOL_FEATURES = 1L << 30;

    private VirtioFeature() {}
}
