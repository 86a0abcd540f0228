package io.annulet.guest.traffic;

import io.annulet.guest.DriverReceiveQueue;
import io.annulet.guest.SimulatedGuest;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.BooleanSupplier;

/**
 * Takes what a guest receives and has it checked, for one phase; owned by its thread during the phase. It is done when all
 * that was sent has come, or nothing more comes.
 */
final class Receiver implements Duty {

    private static final int BATCH = 64;

    /** Even when all have come, a duplicate may follow. */
    private static final long SETTLE_NANOS = 1_000_000;

    private final DriverReceiveQueue[] queues;
    private final FrameCheck check;
    private final BooleanSupplier sendersAreDone;
    private final Expectation expectation;
    private final long quietNanos;
    private final AtomicLong publishedFrames = new AtomicLong();
    private long frames;
    private long firstNanos;
    private long lastNanos;
    private boolean mayEnd;
    private long mayEndSinceNanos;
    private volatile boolean done;

    /** How many frames a receiver may await. */
    @FunctionalInterface
    interface Expectation {
        long frames();
    }

    /**
     * @param sendersAreDone whether nobody sends any more
     * @param expectation how many frames were sent, once nobody sends any more
     * @param quietNanos how long a frame that is missing then may take; 0 to be done as soon as nobody sends any more
     */
    Receiver(
            SimulatedGuest guest,
            FrameCheck check,
            BooleanSupplier sendersAreDone,
            Expectation expectation,
            long quietNanos) {
        this.queues = receiveQueues(guest);
        this.check = check;
        this.sendersAreDone = sendersAreDone;
        this.expectation = expectation;
        this.quietNanos = quietNanos;
    }

    static DriverReceiveQueue[] receiveQueues(SimulatedGuest guest) {
        DriverReceiveQueue[] queues = new DriverReceiveQueue[guest.driver().queuePairs()];
        for (int pair = 0; pair < queues.length; pair++) {
            queues[pair] = guest.receiveQueue(pair);
        }
        return queues;
    }

    @Override
    public int step(long nowNanos) {
        int received = 0;
        for (DriverReceiveQueue queue : queues) {
            check.beginBatch();
            received += queue.receive(check, BATCH);
        }
        if (received > 0) {
            firstNanos = frames == 0 ? nowNanos : firstNanos;
            lastNanos = nowNanos;
            frames += received;
            publishedFrames.setRelease(check.accounted());
        }
        if (!done && sendersAreDone.getAsBoolean()) {
            done = isQuiet(nowNanos);
        }
        return received;
    }

    private boolean isQuiet(long nowNanos) {
        if (!mayEnd) {
            mayEnd = true;
            mayEndSinceNanos = nowNanos;
        }
        long quiet = nowNanos - Math.max(mayEndSinceNanos, lastNanos);
        boolean hasAll = check.accounted() >= expectation.frames();
        return quiet >= (hasAll ? Math.min(SETTLE_NANOS, quietNanos) : quietNanos);
    }

    @Override
    public boolean isDone() {
        return done;
    }

    /** Frames received so far that are accounted for; from any thread. */
    long publishedFrames() {
        return publishedFrames.getAcquire();
    }

    // After the phase.

    FrameCheck check() {
        return check;
    }

    /** When the first frame came; only if one came. */
    long firstNanos() {
        return firstNanos;
    }

    /** When the last frame came; only if one came. */
    long lastNanos() {
        return lastNanos;
    }
}
