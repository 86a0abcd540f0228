package io.annulet.backend.data;

/**
 * What one queue has counted since it was opened; written by whoever is in the queue. VIRTIO 1.4, "Network Device, Device
 * Statistics".
 */
final class QueueStats {

    /** Places of a copy. */
    static final int NOTIFICATIONS = 0;

    static final int FRAMES = 1;
    static final int BYTES = 2;
    static final int CALLS = 3;
    static final int DROPS = 4;
    static final int SPECIAL_DROPS = 5;
    static final int COUNT = 6;

    long notifications;
    long frames;
    long bytes;
    long calls;
    long drops;

    /** Of the drops, those of a receive queue for want of buffers, or those of a transmit queue that were malformed. */
    long specialDrops;

    /** All of them, in the order in which a driver is told of them. */
    long[] copy() {
        long[] copy = new long[COUNT];
        copy[NOTIFICATIONS] = notifications;
        copy[FRAMES] = frames;
        copy[BYTES] = bytes;
        copy[CALLS] = calls;
        copy[DROPS] = drops;
        copy[SPECIAL_DROPS] = specialDrops;
        return copy;
    }
}
