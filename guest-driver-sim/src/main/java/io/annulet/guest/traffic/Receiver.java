package io.annulet.guest.traffic;

import io.annulet.guest.DriverReceiveQueue;
import io.annulet.guest.NetDriver;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.BooleanSupplier;

/**
 * Takes what a guest receives and has it checked, for one phase; owned by its thread during the phase. It is done when all
 * that was sent has come, or nothing more comes.
 */
final class Receiver implements Duty {

    /** Even when all have come, a duplicate may follow. */
    private static final long SETTLE_NANOS = 1_000_000;

    private final DriverReceiveQueue[] queues;
    private final int batch;
    private final FrameCheck check;
    private final BooleanSupplier sendersAreDone;
    private final Expectation expectation;
    private final long quietNanos;
    private final AtomicLong publishedFrames = new AtomicLong();
    private long frames;
    private long firstNanos;
    private long lastNanos;
    private final WakingTime time = new WakingTime();
    private long silentSinceNanos;
    private boolean mayEnd;
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
            NetDriver driver,
            FrameCheck check,
            BooleanSupplier sendersAreDone,
            Expectation expectation,
            long quietNanos) {
        this.queues = receiveQueues(driver);
        this.batch = driver.vrings().getFirst().ring().size(); // all there is
        this.check = check;
        this.sendersAreDone = sendersAreDone;
        this.expectation = expectation;
        this.quietNanos = quietNanos;
    }

    static DriverReceiveQueue[] receiveQueues(NetDriver driver) {
        DriverReceiveQueue[] queues = new DriverReceiveQueue[driver.queuePairs()];
        for (int pair = 0; pair < queues.length; pair++) {
            queues[pair] = driver.receiveQueue(pair);
        }
        return queues;
    }

    @Override
    public int step(long nowNanos) {
        int received = 0;
        for (DriverReceiveQueue queue : queues) {
            check.beginBatch(nowNanos);
            received += queue.receive(check, batch);
        }
        long passedNanos = time.at(nowNanos);
        if (received > 0) {
            silentSinceNanos = passedNanos;
            firstNanos = frames == 0 ? nowNanos : firstNanos;
            lastNanos = nowNanos;
            frames += received;
            publishedFrames.setRelease(check.accounted());
        }
        if (!done && sendersAreDone.getAsBoolean()) {
            done = isQuiet(passedNanos);
        }
        return received;
    }

    private boolean isQuiet(long passedNanos) {
        if (!mayEnd) {
            mayEnd = true;
            silentSinceNanos = passedNanos;
        }
        long quiet = passedNanos - silentSinceNanos;
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
