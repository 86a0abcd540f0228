package io.annulet.backend.stats;

import org.agrona.concurrent.status.AtomicCounter;
import org.agrona.concurrent.status.CountersManager;

/** What one worker counts; written by its thread. */
public final class WorkerCounters {

    /** How many counters one worker has. */
    public static final int COUNT = 1;

    private final AtomicCounter errors;

    /** Makes the counters of a worker; on the thread that owns {@code manager}. */
    public WorkerCounters(CountersManager manager, String worker) {
        errors = manager.newCounter(CounterOwner.WORKER.label(worker, "errors"), CounterOwner.WORKER.typeId());
    }

    /** A duty cycle ended in an error of ours. */
    public void error() {
        errors.incrementPlain();
    }
}
