package io.annulet.guest.traffic;

import io.annulet.guest.DriverTransmitQueue;
import io.annulet.guest.SimulatedGuest;
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
    private final long graceNanos;
    private final AtomicLong publishedSent = new AtomicLong();
    private long sent;
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

    Sender(SimulatedGuest guest, FrameSource source, Pacer pacer, Batching batching, long durationNanos) {
        this.queues = transmitQueues(guest);
        this.progress = new TransmitProgress(queues);
        this.source = source;
        this.pacer = pacer;
        this.batching = batching;
        this.graceNanos = Math.max(MIN_GRACE_NANOS, durationNanos / GRACE_SHARE);
    }

    static DriverTransmitQueue[] transmitQueues(SimulatedGuest guest) {
        DriverTransmitQueue[] queues = new DriverTransmitQueue[guest.driver().queuePairs()];
        for (int pair = 0; pair < queues.length; pair++) {
            queues[pair] = guest.transmitQueue(pair);
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
        while (submitted < wanted && submitNext(nowNanos)) {
            submitted++;
        }
        boolean isFull = submitted < wanted;
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

    private boolean submitNext(long nowNanos) {
        DriverTransmitQueue queue = queues[source.nextPair(queues.length)];
        long address = queue.reserve();
        if (address == 0) {
            return false;
        }
        int byteLength = source.nextByteLength();
        source.writeNext(address, pacer.stampNanos(sent, nowNanos));
        queue.submit(byteLength);
        sent++;
        bytes += byteLength;
        return true;
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
        return pacer.isOver(nowNanos - graceNanos - stalledNanos);
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

    /** Frames that were to be sent, whether they could or not. */
    long offered() {
        return pacer.offered(sent);
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
