package io.annulet.guest.traffic;

import io.annulet.linux.Cpus;
import io.annulet.linux.ThreadClock;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.BooleanSupplier;
import org.agrona.concurrent.BackoffIdleStrategy;
import org.agrona.concurrent.BusySpinIdleStrategy;
import org.agrona.concurrent.IdleStrategy;
import org.jspecify.annotations.Nullable;

/** A thread that does its duties in turn until all of the phase's are done. */
final class DutyThread {

    private static final int STEPS_A_BEAT = 64;
    private static final long SPINS_BEFORE_YIELD = 1_000;

    private final Duty[] duties;
    private final int cpu;
    private final BooleanSupplier isStopped;

    /** Lets others run after a while, the back-end among them, unless the processor was given to this thread alone. */
    private final IdleStrategy idle;

    /** A round that takes longer was interrupted by something else. */
    private static final long INTERRUPTED_NANOS = 1_000_000;

    private final AtomicLong beats = new AtomicLong();
    private final Thread thread;
    private volatile @Nullable Throwable failure;
    private volatile long cpuNanos;
    private long busyNanos;
    private long idleNanos;
    private long waitingNanos;

    /** @param cpu to be pinned to, or -1 */
    DutyThread(String name, List<Duty> duties, int cpu, BooleanSupplier isStopped) {
        this.duties = duties.toArray(Duty[]::new);
        this.cpu = cpu;
        this.isStopped = isStopped;
        this.idle = cpu >= 0
                ? new BusySpinIdleStrategy()
                : new BackoffIdleStrategy(SPINS_BEFORE_YIELD, Long.MAX_VALUE, 1, 1);
        this.thread = Thread.ofPlatform().daemon().name(name).unstarted(this::run);
    }

    void start() {
        thread.start();
    }

    private void run() {
        try {
            if (cpu >= 0) {
                Cpus.pinCurrentThread(cpu);
            }
            long before = ThreadClock.cpuTimeNanos();
            work();
            cpuNanos = ThreadClock.cpuTimeNanos() - before;
        } catch (Throwable e) {
            failure = e;
        }
    }

    private void work() {
        long steps = 0;
        long nowNanos = System.nanoTime();
        while (!isStopped.getAsBoolean() && !isDone()) {
            long beganNanos = nowNanos;
            int moved = 0;
            for (Duty duty : duties) {
                moved += duty.step(nowNanos);
                nowNanos = System.nanoTime();
            }
            if (++steps % STEPS_A_BEAT == 0) {
                beats.setRelease(steps);
            }
            idle.idle(moved);
            if (moved == 0) {
                nowNanos = System.nanoTime();
            }
            noteRound(moved, nowNanos - beganNanos);
        }
    }

    /** Waiting counts as idleness only once something comes after all: at the end nobody sends any more. */
    private void noteRound(int moved, long nanos) {
        if (nanos >= INTERRUPTED_NANOS) {
            return;
        }
        if (moved == 0) {
            waitingNanos += nanos;
        } else {
            busyNanos += nanos;
            idleNanos += waitingNanos;
            waitingNanos = 0;
        }
    }

    private boolean isDone() {
        for (Duty duty : duties) {
            if (!duty.isDone()) {
                return false;
            }
        }
        return true;
    }

    boolean isAlive() {
        return thread.isAlive();
    }

    /** Waits for its end; false if it did not come in time. */
    boolean join(long timeoutNanos) throws InterruptedException {
        thread.join(Math.max(1, timeoutNanos / 1_000_000));
        return !thread.isAlive();
    }

    /** A number that changes as long as it goes round. */
    long beats() {
        return beats.getAcquire();
    }

    /** What ended it, if it did not end as it should. */
    @Nullable
    Throwable failure() {
        return failure;
    }

    /** The processor time it took, once it has ended. */
    long cpuNanos() {
        return cpuNanos;
    }

    /** The time of rounds that moved frames, once it has ended. */
    long busyNanos() {
        return busyNanos;
    }

    /** The time of rounds between them that found nothing to do, once it has ended. */
    long idleNanos() {
        return idleNanos;
    }
}
