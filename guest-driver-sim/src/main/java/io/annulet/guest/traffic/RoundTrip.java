package io.annulet.guest.traffic;

import io.annulet.guest.DriverReceiveQueue;
import io.annulet.guest.DriverTransmitQueue;
import io.annulet.guest.FrameBurst;
import io.annulet.guest.FrameHandler;
import io.annulet.guest.NetDriver;
import io.annulet.guest.ReceivedFrame;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongSupplier;

/**
 * Sends one frame, waits until it is back, sends the next: the latency of an idle path; owned by its thread during the
 * phase. A frame that takes too long is given up, and the next one goes.
 */
final class RoundTrip implements Duty, FrameHandler {

    private static final int BATCH = 16;

    private final DriverTransmitQueue transmit;
    private final DriverReceiveQueue receive;
    private final TransmitProgress progress;
    private final FrameSource source;
    private final FrameCheck check;
    private final Pacer pacer;
    private final LongSupplier clock;
    private final long patienceNanos;
    private final AtomicLong publishedSent = new AtomicLong();
    private long sent;
    private final FrameBurst burst = new FrameBurst();
    private final long[] stamps = new long[FrameBurst.CAPACITY];
    private long bytes;
    private long givenUp;
    private final WakingTime time = new WakingTime();
    private long sentNanos;
    private long backBefore;
    private boolean isUnderWay;
    private boolean started;
    private long lastStepNanos;
    private volatile boolean done;

    /**
     * @param clock the time at which a frame that came back was seen
     * @param patienceNanos after so long a frame is given up
     */
    RoundTrip(
            NetDriver driver,
            FrameSource source,
            FrameCheck check,
            Pacer pacer,
            LongSupplier clock,
            long patienceNanos) {
        this.transmit = driver.transmitQueue(0);
        this.receive = driver.receiveQueue(0);
        this.progress = new TransmitProgress(new DriverTransmitQueue[] {transmit});
        this.source = source;
        this.check = check;
        this.pacer = pacer;
        this.clock = clock;
        this.patienceNanos = patienceNanos;
    }

    @Override
    public int step(long nowNanos) {
        if (done) {
            return 0;
        }
        if (!started) {
            started = true;
            pacer.start(nowNanos);
        }
        lastStepNanos = nowNanos;
        long passedNanos = time.at(nowNanos);
        int received = receive.receive(this, BATCH);
        if (isUnderWay) {
            awaitFrame(passedNanos);
        } else if (sent == pacer.maxFrames() || pacer.isOver(nowNanos)) {
            progress.update();
            done = true;
        } else if (pacer.due(nowNanos) > sent) {
            send(passedNanos);
        }
        return received;
    }

    private void awaitFrame(long passedNanos) {
        if (check.accounted() > backBefore) {
            isUnderWay = false;
        } else if (passedNanos - sentNanos >= patienceNanos) {
            givenUp++;
            isUnderWay = false;
        } else {
            progress.update();
        }
    }

    private void send(long passedNanos) {
        transmit.reserve(burst, 1, 0);
        if (burst.count() == 0) {
            return;
        }
        backBefore = check.accounted();
        sentNanos = passedNanos;
        stamps[0] = pacer.stampNanos(sent, clock.getAsLong());
        source.writeNext(burst, stamps);
        transmit.submit(burst);
        transmit.flush();
        sent++;
        bytes += burst.byteLength(0);
        isUnderWay = true;
        publishedSent.setRelease(sent);
    }

    @Override
    public void onFrame(ReceivedFrame frame) {
        check.beginBatch(clock.getAsLong());
        check.onFrame(frame);
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

    FrameCheck check() {
        return check;
    }

    long sent() {
        return sent;
    }

    long bytes() {
        return bytes;
    }

    /** Frames that took too long, whether they came later or not. */
    long givenUp() {
        return givenUp;
    }

    long elapsedNanos() {
        return lastStepNanos - pacer.startNanos();
    }
}
