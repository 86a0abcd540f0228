package io.annulet.backend.data;

import java.util.concurrent.TimeUnit;
import org.agrona.concurrent.IdleStrategy;

/** What a worker does between duty cycles that found no work; owned by the worker. */
public final class WorkerIdle implements IdleStrategy {

    /** How long polling goes on after the last frame: a few times what a wake-up costs. */
    static final long POLL_NANOS = TimeUnit.MICROSECONDS.toNanos(50);

    private final Worker worker;
    private final PollMode mode;
    private long idleSinceNanos;
    private boolean idle;

    public WorkerIdle(Worker worker, PollMode mode) {
        this.worker = worker;
        this.mode = mode;
    }

    @Override
    public void idle(int workCount) {
        if (workCount > 0) {
            reset();
        } else {
            idle();
        }
    }

    @Override
    public void idle() {
        if (mode == PollMode.BUSY) {
            Thread.onSpinWait();
            return;
        }
        if (mode == PollMode.ADAPTIVE && !hasPolledLongEnough()) {
            Thread.onSpinWait();
            return;
        }
        worker.sleep();
        idle = false;
    }

    private boolean hasPolledLongEnough() {
        long now = System.nanoTime();
        if (!idle) {
            idle = true;
            idleSinceNanos = now;
        }
        return now - idleSinceNanos >= POLL_NANOS;
    }

    @Override
    public void reset() {
        idle = false;
    }

    @Override
    public String alias() {
        return "worker-" + mode;
    }
}
