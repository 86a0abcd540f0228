package io.annulet.backend;

import io.annulet.backend.control.ControlLoop;
import io.annulet.backend.data.WorkerProxy;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;

/** What others may know of a started back-end from outside: whether it still works. Any thread. */
public final class BackendWatch {

    private final ControlLoop control;
    private final List<WorkerProxy> workers;
    private final List<CompletableFuture<Void>> lost;

    BackendWatch(ControlLoop control, List<WorkerProxy> workers, List<CompletableFuture<Void>> lost) {
        this.control = control;
        this.workers = workers;
        this.lost = lost;
    }

    /**
     * Asks all workers again and again whether they work, and calls {@code alive} on the control thread each time that all of
     * them have answered. A worker that does not answer is not asked anew until it has.
     */
    public void pulse(Duration period, Runnable alive) {
        AtomicInteger unanswered = new AtomicInteger();
        control.every(period, () -> {
            if (unanswered.compareAndSet(0, workers.size())) {
                for (WorkerProxy worker : workers) {
                    worker.answer(() -> {
                        if (unanswered.decrementAndGet() == 0) {
                            control.execute(alive);
                        }
                    });
                }
            }
        });
    }

    /**
     * Completes when no guest can come any more: all guests' ports were given their one connection by whoever started the
     * process, and each has lost it. Never if another guest may come, or if there are no guests.
     */
    public CompletableFuture<Void> abandoned() {
        return lost.isEmpty()
                ? new CompletableFuture<>()
                : CompletableFuture.allOf(lost.toArray(CompletableFuture<?>[]::new));
    }
}
