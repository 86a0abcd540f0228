package io.annulet.guest.traffic;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Runs duties on their threads until they are done, or must not go on; used by one thread. */
final class Phase {

    private static final long LOOK_NANOS = 10_000_000;
    private static final long JOIN_NANOS = 1_000_000_000;

    private final List<DutyThread> threads = new ArrayList<>();
    private final List<Station> stations;
    private final Patience patience;
    private volatile boolean stopped;

    Phase(List<Station> stations, Patience patience) {
        this.stations = stations;
        this.patience = patience;
    }

    void add(List<Duty> duties, int cpu) {
        threads.add(new DutyThread("traffic-" + threads.size(), duties, cpu, () -> stopped));
    }

    /**
     * Runs to the end.
     *
     * @param progresses how far each sending guest is
     * @param onLook called now and then meanwhile
     * @return why it ended early, as a sentence, or null
     */
    @Nullable
    String run(Map<Station, TransmitProgress> progresses, Interruption interruption, Runnable onLook) {
        Watchdog watchdog = new Watchdog(stations, progresses, threads, patience.stallNanos());
        threads.forEach(DutyThread::start);
        try {
            String end = null;
            while (end == null && !join(LOOK_NANOS)) {
                onLook.run();
                end = interruption.isAsked() || hasFailure()
                        ? PhaseReport.INTERRUPTED
                        : watchdog.look(System.nanoTime());
            }
            stopped = true;
            boolean allEnded = join(JOIN_NANOS);
            return reason(end, allEnded);
        } catch (InterruptedException e) {
            stopped = true;
            Thread.currentThread().interrupt();
            return PhaseReport.INTERRUPTED;
        }
    }

    private boolean join(long timeoutNanos) throws InterruptedException {
        long deadlineNanos = System.nanoTime() + timeoutNanos;
        for (DutyThread thread : threads) {
            if (!thread.join(deadlineNanos - System.nanoTime())) {
                return false;
            }
        }
        return true;
    }

    private boolean hasFailure() {
        return threads.stream().anyMatch(thread -> thread.failure() != null);
    }

    private @Nullable String reason(@Nullable String end, boolean allEnded) {
        for (DutyThread thread : threads) {
            Throwable failure = thread.failure();
            if (failure instanceof InternalError) {
                return "the back-end took the guest's memory away";
            }
            if (failure != null) {
                throw new IllegalStateException("a thread of the simulator failed", failure);
            }
        }
        return !allEnded && end == null ? "a thread of the simulator did not end" : end;
    }

    /** Whether a thread may still touch guest memory. */
    boolean hasStragglers() {
        return threads.stream().anyMatch(DutyThread::isAlive);
    }

    long cpuNanos() {
        return threads.stream().mapToLong(DutyThread::cpuNanos).sum();
    }

    /** The share of the time in which the threads had nothing to do, from 0 to 1. */
    double idleShare() {
        double idle = threads.stream().mapToLong(DutyThread::idleNanos).sum();
        double busy = threads.stream().mapToLong(DutyThread::busyNanos).sum();
        return idle + busy == 0 ? 0 : idle / (idle + busy);
    }
}
