package io.annulet.guest.traffic;

import io.annulet.guest.DriverTransmitQueue;
import java.util.concurrent.atomic.AtomicLong;

/**
 * How far the back-end is with the transmit queues of one guest; written by the thread that sends, read by the watchdog.
 * One who offers frames and never gets a buffer back is with a back-end that hangs.
 */
final class TransmitProgress {

    private final DriverTransmitQueue[] queues;
    private final AtomicLong outstanding = new AtomicLong();
    private final AtomicLong used = new AtomicLong();

    TransmitProgress(DriverTransmitQueue[] queues) {
        this.queues = queues;
    }

    /** Takes back what was used and publishes the state; on the thread that sends. */
    void update() {
        long nowOutstanding = 0;
        long nowUsed = 0;
        for (DriverTransmitQueue queue : queues) {
            queue.reclaim();
            nowOutstanding += queue.outstanding();
            nowUsed += queue.usedFrames();
        }
        used.setRelease(nowUsed);
        outstanding.setRelease(nowOutstanding);
    }

    /** Frames that are with the device. */
    long outstanding() {
        return outstanding.getAcquire();
    }

    /** Frames that the device gave back so far. */
    long used() {
        return used.getAcquire();
    }
}
