package io.annulet.guest.traffic;

import io.annulet.guest.DriverTransmitQueue;
import io.annulet.guest.FrameBurst;
import io.annulet.guest.NetDriver;
import java.util.concurrent.atomic.AtomicLong;

/** Sends the frames of a source when they are due, for one phase; owned by its thread during the phase. */
final class Sender implements Duty {

    /** A thread that was away for so long did not run: what it could not send then is not the back-end's fault. */
    private static final long STALL_NANOS = 1_000_000;

    private static final long MIN_GRACE_NANOS = 2_000_000;
    private static final int GRACE_SHARE = 200;
    private static final int IDLE_STEPS_A_LOOK = 256;

    private final DriverTransmitQueue[] queues;
    private final TransmitProgress progress;
    private final FrameSource source;
    private final Pacer pacer;
    private final Batching batching;
    private final int keptFree;
    private final long graceNanos;
    private final long durationNanos;
    private final AtomicLong publishedSent = new AtomicLong();
    private long sent;
    private final FrameBurst burst = new FrameBurst();
    private final long[] stamps = new long[FrameBurst.CAPACITY];
    private long bytes;
    private int waiting;
    private long waitingSinceNanos;
    private boolean started;
    private long lastStepNanos;
    private long endNanos;
    private long stalledNanos;
    private long longestGapNanos;
    private int idleSteps;
    private volatile boolean done;

    /**
     * @param keptFree buffers of each queue that are never with the device
     * @param durationNanos of the phase
     */
    Sender(NetDriver driver, FrameSource source, Pacer pacer, Batching batching, int keptFree, long durationNanos) {
        this.queues = transmitQueues(driver);
        this.progress = new TransmitProgress(queues);
        this.source = source;
        this.pacer = pacer;
        this.batching = batching;
        this.keptFree = keptFree;
        this.durationNanos = durationNanos;
        this.graceNanos = Math.max(MIN_GRACE_NANOS, durationNanos / GRACE_SHARE);
    }

    /**
     * How many transmit buffers to keep free where one thread sends and receives. It receives all there is, then sends a
     * burst: what is with the back-end then fits the receive queue, so that nothing is lost for the thread's being away,
     * however long. Nothing if the receive queue is too small for that.
     */
    static int keptFreeByOneThread(NetDriver from, NetDriver to, Batching batching, int longestFrame) {
        int capacity = from.transmitQueue(0).capacity();
        int receivable = to.receiveQueue(0).capacity(longestFrame);
        return batching.burst() < receivable ? Math.max(0, capacity - receivable + batching.burst()) : 0;
    }

    static DriverTransmitQueue[] transmitQueues(NetDriver driver) {
        DriverTransmitQueue[] queues = new DriverTransmitQueue[driver.queuePairs()];
        for (int pair = 0; pair < queues.length; pair++) {
            queues[pair] = driver.transmitQueue(pair);
        }
        return queues;
    }

    @Override
    public int step(long nowNanos) {
        if (done) {
            return 0;
        }
        noteTime(nowNanos);
        int wanted = (int) Math.min(pacer.due(nowNanos) - sent, batching.burst());
        int submitted = 0;
        boolean isFull = false;
        while (submitted < wanted && !isFull) {
            int some = submit(wanted - submitted, nowNanos);
            submitted += some;
            isFull = some == 0;
        }
        publish(nowNanos, submitted, isFull);
        boolean isLast = sent == pacer.maxFrames();
        boolean isOver = pacer.isOver(nowNanos) && (wanted <= 0 || (isFull && isBeyondGrace(nowNanos)));
        if (isLast || isOver) {
            finish(nowNanos);
        }
        return submitted;
    }

    private void noteTime(long nowNanos) {
        if (!started) {
            started = true;
            pacer.start(nowNanos);
        } else {
            long gapNanos = nowNanos - lastStepNanos;
            longestGapNanos = Math.max(longestGapNanos, gapNanos);
            stalledNanos += gapNanos > STALL_NANOS ? gapNanos : 0;
        }
        lastStepNanos = nowNanos;
    }

    /** Submits up to {@code max} frames to the queue of the next one; returns how many. */
    private int submit(int max, long nowNanos) {
        DriverTransmitQueue queue = queues[source.nextPair(queues.length)];
        queue.reserve(burst, Math.min(max, source.nextOfPair(queues.length)), keptFree);
        int count = burst.count();
        for (int i = 0; i < count; i++) {
            stamps[i] = pacer.stampNanos(sent + i, nowNanos);
        }
        source.writeNext(burst, stamps);
        for (int i = 0; i < count; i++) {
            bytes += burst.byteLength(i);
        }
        queue.submit(burst);
        sent += count;
        return count;
    }

    /** Shows the device what waits, once a batch has come together or has waited long enough. */
    private void publish(long nowNanos, int submitted, boolean isFull) {
        if (waiting == 0) {
            waitingSinceNanos = nowNanos;
        }
        waiting += submitted;
        boolean isDue = waiting >= batching.frames()
                || isFull
                || nowNanos - waitingSinceNanos >= batching.holdNanos()
                || sent == pacer.maxFrames()
                || pacer.isOver(nowNanos);
        if (waiting > 0 && isDue) {
            flush();
        }
        if (isFull || (submitted == 0 && ++idleSteps % IDLE_STEPS_A_LOOK == 0)) {
            progress.update();
        }
        if (submitted > 0) {
            publishedSent.setRelease(sent);
        }
    }

    private void flush() {
        for (DriverTransmitQueue queue : queues) {
            queue.flush();
        }
        waiting = 0;
    }

    private boolean isBeyondGrace(long nowNanos) {
        long absentNanos = Math.min(stalledNanos, durationNanos); // or a thread that never gets to run would never end
        return pacer.isOver(nowNanos - graceNanos - absentNanos);
    }

    private void finish(long nowNanos) {
        flush();
        progress.update();
        endNanos = nowNanos;
        done = true;
    }

    @Override
    public boolean isDone() {
        return done;
    }

    TransmitProgress progress() {
        return progress;
    }

    /** Frames sent so far; from any thread. */
    long publishedSent() {
        return publishedSent.getAcquire();
    }

    // After the phase.

    /** Frames that were to be sent, whether they could or not; up to the end of a phase that ended early. */
    long offered() {
        return pacer.offered(sent, done ? Long.MAX_VALUE : lastStepNanos);
    }

    long sent() {
        return sent;
    }

    long bytes() {
        return bytes;
    }

    long startNanos() {
        return pacer.startNanos();
    }

    /** From the first frame to the last one, or to the end of the time for it. */
    long elapsedNanos() {
        return (done ? endNanos : lastStepNanos) - pacer.startNanos();
    }

    /** For how long the thread was away, in gaps of a millisecond and more. */
    long stalledNanos() {
        return stalledNanos;
    }

    long longestGapNanos() {
        return longestGapNanos;
    }
}
