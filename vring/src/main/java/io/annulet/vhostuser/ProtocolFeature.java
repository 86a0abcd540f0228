package io.annulet.vhostuser;

/**
 * A VHOST_USER_PROTOCOL_F_* bit: an extension of the protocol that back-end and front-end agree on. From vhost-user,
 * QEMU 10, "Protocol features".
 */
public enum ProtocolFeature {
    MQ(0),
    LOG_SHMFD(1),
    RARP(2),
    REPLY_ACK(3),
    NET_MTU(4),
    BACKEND_REQ(5),
    CROSS_ENDIAN(6),
    CRYPTO_SESSION(7),
    PAGEFAULT(8),
    CONFIG(9),
    BACKEND_SEND_FD(10),
    HOST_NOTIFIER(11),
    INFLIGHT_SHMFD(12),
    RESET_DEVICE(13),
    INBAND_NOTIFICATIONS(14),
    CONFIGURE_MEM_SLOTS(15),
    STATUS(16),
    XEN_MMAP(17),
    SHARED_OBJECT(18),
    DEVICE_STATE(19),
    GET_VRING_BASE_INFLIGHT(20),
    GPA_ADDRESSES(21),
    SHMEM(22);

    private final int bit;

    ProtocolFeature(int bit) {
        this.bit = bit;
    }

    public int bit() {
        return bit;
    }

    /** The bit as GET_PROTOCOL_FEATURES and SET_PROTOCOL_FEATURES carry it. */
    public long mask() {
        return 1L << bit;
    }

    /** Whether the bit is set in {@code features}. */
    public boolean in(long features) {
        return (features & mask()) != 0;
    }

    public static long maskOf(ProtocolFeature... features) {
        long mask = 0;
        for (ProtocolFeature feature : features) {
            mask |= feature.mask();
        }
        return mask;
    }
}
