package io.annulet.backend.port;

import io.annulet.backend.data.FrameBurst;
import io.annulet.backend.data.FrameList;
import io.annulet.backend.data.Readiness;
import io.annulet.backend.stats.DropReason;
import io.annulet.backend.stats.PortCounters;
import java.time.Instant;
import java.util.concurrent.TimeUnit;

/**
 * Writes every frame that is sent to it into a pcap file; owned by its worker.
 *
 * <p>A disk may take its time and a worker may not, so frames are copied into a ring from which {@link PcapWriter} writes
 * on a thread of its own. A frame that finds no room there is dropped. When the file cannot be written any more, the
 * capture is over: frames are dropped as refused, and everything else goes on.
 */
final class PcapCapture implements PcapPort {

    private final String name;
    private final PortCounters counters;
    private final PcapWriter writer;
    private final FrameRing ring;

    /** What to add to the monotonic clock. Steps of the wall clock after this do not tear the capture. */
    private final long epochOffsetNanos;

    PcapCapture(String name, PcapWriter writer, PortCounters counters) {
        this.name = name;
        this.counters = counters;
        this.writer = writer;
        this.ring = writer.ring();
        Instant now = Instant.now();
        this.epochOffsetNanos = TimeUnit.SECONDS.toNanos(now.getEpochSecond()) + now.getNano() - System.nanoTime();
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
    public void attached(Readiness readiness) {}

    @Override
    public void detached() {}

    /** Writes what is still in the ring. */
    @Override
    public void close() {
        writer.close();
    }

    @Override
    public int pull(FrameBurst burst) {
        return 0;
    }

    @Override
    public void finish(FrameBurst burst) {}

    /** The frames of a burst have the same time. */
    @Override
    public void push(FrameBurst burst, FrameList frames) {
        if (writer.hasEnded()) {
            burst.watch().lose(counters, frames, 0, DropReason.REFUSED);
            return;
        }
        try {
            add(burst, frames, epochOffsetNanos + System.nanoTime());
        } finally {
            ring.forget();
        }
    }

    private void add(FrameBurst burst, FrameList frames, long epochNanos) {
        int count = frames.count();
        int delivered = 0;
        long bytes = 0;
        for (int i = 0; i < count; i++) {
            int frame = frames.frame(i);
            if (ring.add(burst, frame, epochNanos)) {
                delivered++;
                bytes += burst.frameByteLength(frame);
            } else {
                burst.watch().lose(counters, frame, DropReason.NO_BUFFER);
            }
        }
        ring.publish();
        counters.out(delivered, bytes);
        counters.copied(bytes);
    }

    @Override
    public boolean awaitWork() {
        return false;
    }

    @Override
    public void stopAwaiting() {}

    @Override
    public boolean recoverFromMemoryLoss() {
        return true;
    }

    /** Its memory is this process's own, so it is not lost. */
    @Override
    public void memoryLost() {}
}
