package io.annulet.guest.traffic;

import io.annulet.linux.Cpus;
import io.annulet.linux.ThreadClock;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/** A thread that does its duties in turn until all of the phase's are done. */
final class DutyThread {

    private static final int STEPS_A_BEAT = 64;

    private final Duty[] duties;
    private final int cpu;
    private final BooleanSupplier isStopped;
    private final AtomicLong beatNanos = new AtomicLong(System.nanoTime());
    private final Thread thread;
    private volatile @Nullable Throwable failure;
    private volatile long cpuNanos;

    /** @param cpu to be pinned to, or -1 */
    DutyThread(String name, List<Duty> duties, int cpu, BooleanSupplier isStopped) {
        this.duties = duties.toArray(Duty[]::new);
        this.cpu = cpu;
        this.isStopped = isStopped;
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
        int steps = 0;
        while (!isStopped.getAsBoolean() && !isDone()) {
            int moved = 0;
            for (Duty duty : duties) {
                moved += duty.step(System.nanoTime());
            }
            if (++steps % STEPS_A_BEAT == 0) {
                beatNanos.setRelease(System.nanoTime());
            }
            if (moved == 0) {
                Thread.onSpinWait();
            }
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

    /** When it was last seen to go round. */
    long beatNanos() {
        return beatNanos.getAcquire();
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
}
