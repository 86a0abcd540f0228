package io.annulet.vring;

/**
 * The acknowledged features that change how a ring is worked.
 *
 * @param eventIndex VIRTIO_F_EVENT_IDX: notifications are suppressed by index, else by flag
 * @param indirect VIRTIO_F_INDIRECT_DESC: a descriptor may stand for a table of descriptors
 */
public record RingFeatures(boolean eventIndex, boolean indirect) {

    public static final long EVENT_IDX = 1L << 29;
    public static final long INDIRECT_DESC = 1L << 28;

    public static RingFeatures of(long acknowledgedFeatures) {
        return new RingFeatures((acknowledgedFeatures & EVENT_IDX) != 0, (acknowledgedFeatures & INDIRECT_DESC) != 0);
    }
}
