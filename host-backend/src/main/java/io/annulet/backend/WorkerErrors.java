package io.annulet.backend;

import io.annulet.backend.stats.WorkerCounters;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import org.agrona.ErrorHandler;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What becomes of an error in a worker's duty cycle: it is counted, and once a second one is logged; called by the worker
 * only. Writing a log may block, so that is left to another thread.
 */
final class WorkerErrors implements ErrorHandler {

    private static final Logger LOG = LoggerFactory.getLogger(WorkerErrors.class);
    private static final long WINDOW_NANOS = TimeUnit.SECONDS.toNanos(1);

    private final String worker;
    private final WorkerCounters counters;
    private final Executor logger;
    private long lastNanos = System.nanoTime() - WINDOW_NANOS;
    private long leftOut;

    /** @param logger runs what may block, elsewhere */
    WorkerErrors(String worker, WorkerCounters counters, Executor logger) {
        this.worker = worker;
        this.counters = counters;
        this.logger = logger;
    }

    @Override
    public void onError(Throwable ours) {
        counters.error();
        long now = System.nanoTime();
        if (now - lastNanos < WINDOW_NANOS) {
            leftOut++;
            return;
        }
        long before = leftOut;
        lastNanos = now;
        leftOut = 0;
        logger.execute(() -> LOG.error("{}: a duty cycle failed; {} more since the last line", worker, before, ours));
    }
}
