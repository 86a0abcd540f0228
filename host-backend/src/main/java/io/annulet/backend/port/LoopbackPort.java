package io.annulet.backend.port;

import io.annulet.backend.data.FrameBurst;
import io.annulet.backend.data.FrameList;
import io.annulet.backend.data.Readiness;
import io.annulet.backend.stats.DropReason;
import io.annulet.backend.stats.PortCounters;

/**
 * Sends every frame back, unchanged: what leaves through this port enters through it again; owned by its worker.
 *
 * <p>At the other end of a straight link it is an echo. On a switch it is of little use, since the switch learns from the
 * echo that all senders are here.
 *
 * <p>Buffers are given back to their sender at the end of its burst, so a frame is copied into a bounded queue, where it
 * waits for the worker's next visit. A frame that does not fit is dropped.
 */
public final class LoopbackPort implements Port {

    private static final int QUEUE_BYTES = 1 << 20;

    private final String name;
    private final PortCounters counters;
    private final FrameRing queue = new FrameRing(QUEUE_BYTES);

    public LoopbackPort(String name, PortCounters counters) {
        this.name = name;
        this.counters = counters;
    }

    @Override
    public String name() {
        return name;
    }

    @Override
    public PortCounters counters() {
        return counters;
    }

    @Override
    public void attached(Readiness readiness) {
        // Frames come from pushes only: whoever pushes is this worker, or wakes it.
    }

    @Override
    public void detached() {
        for (long record = queue.next(); record != FrameRing.NONE; record = queue.next()) {
            counters.in(1, PcapRecord.frameByteLength(record), 0);
            counters.inDropped(DropReason.NOT_READY);
        }
        queue.release();
    }

    @Override
    public int pull(FrameBurst burst) {
        return queue.pull(burst);
    }

    @Override
    public void finish(FrameBurst burst) {
        queue.release();
    }

    @Override
    public void push(FrameBurst burst, FrameList frames) {
        try {
            add(burst, frames);
        } finally {
            queue.forget();
        }
    }

    private void add(FrameBurst burst, FrameList frames) {
        int count = frames.count();
        int delivered = 0;
        long bytes = 0;
        for (int i = 0; i < count; i++) {
            int frame = frames.frame(i);
            if (queue.add(burst, frame, 0)) {
                delivered++;
                bytes += burst.frameByteLength(frame);
            } else {
                burst.watch().lose(counters, frame, DropReason.NO_BUFFER);
            }
        }
        queue.publish();
        counters.out(delivered, bytes);
        counters.copied(bytes);
    }

    @Override
    public boolean awaitWork() {
        return queue.hasNext();
    }

    @Override
    public void stopAwaiting() {}

    @Override
    public boolean recoverFromMemoryLoss() {
        queue.release();
        return true;
    }

    /** Its memory is this process's own, so it is not lost. */
    @Override
    public void memoryLost() {}
}
