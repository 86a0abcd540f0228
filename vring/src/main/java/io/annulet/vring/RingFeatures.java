package io.annulet.vring;

/**
 * The acknowledged features that change how a ring is worked.
 *
 * @param eventIndex VIRTIO_F_EVENT_IDX: notifications are suppressed by index, else by flag
 * @param indirect VIRTIO_F_INDIRECT_DESC: a descriptor may stand for a table of descriptors
 * @param inOrder VIRTIO_F_IN_ORDER: buffers are used in the order in which they were made available
 */
public record RingFeatures(boolean eventIndex, boolean indirect, boolean inOrder) {

    public static final long EVENT_IDX = 1L << 29;
    public static final long INDIRECT_DESC = 1L << 28;
    public static final long IN_ORDER = 1L << 35;

    /** Without IN_ORDER. */
    public RingFeatures(boolean eventIndex, boolean indirect) {
        this(eventIndex, indirect, false);
    }

    public static RingFeatures of(long acknowledgedFeatures) {
        return new RingFeatures(
                (acknowledgedFeatures & EVENT_IDX) != 0,
                (acknowledgedFeatures & INDIRECT_DESC) != 0,
                (acknowledgedFeatures & IN_ORDER) != 0);
    }
}
