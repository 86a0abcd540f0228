package io.annulet.backend;

import io.annulet.backend.data.Worker;
import io.annulet.backend.data.WorkerProxy;
import io.annulet.linux.Cpus;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import org.agrona.ErrorHandler;
import org.agrona.concurrent.IdleStrategy;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The thread that runs a worker, on a processor of its own if it has one. It ends when it is told to, and for no other
 * reason: Agrona's own runner ends with the first {@link Error}, and what a peer does may end in one.
 */
final class WorkerThread {

    private static final Logger LOG = LoggerFactory.getLogger(WorkerThread.class);

    private final Worker worker;
    private final WorkerProxy proxy;
    private final IdleStrategy idle;
    private final @Nullable Integer cpu;
    private final ErrorHandler errors;
    private final Thread thread;
    private final CompletableFuture<Void> started = new CompletableFuture<>();
    private volatile boolean running = true;

    /** @param cpu the only processor to run on, or null */
    WorkerThread(Worker worker, WorkerProxy proxy, IdleStrategy idle, @Nullable Integer cpu, ErrorHandler errors) {
        this.worker = worker;
        this.proxy = proxy;
        this.idle = idle;
        this.cpu = cpu;
        this.errors = errors;
        this.thread = Thread.ofPlatform().name(worker.roleName()).daemon().unstarted(this::run);
    }

    /** Completes when the worker works, exceptionally if it cannot have its processor. */
    CompletableFuture<Void> start() {
        thread.start();
        return started;
    }

    WorkerProxy proxy() {
        return proxy;
    }

    private void run() {
        worker.onStart();
        try {
            if (cpu != null) {
                Cpus.pinCurrentThread(cpu);
            }
            started.complete(null);
        } catch (RuntimeException e) {
            running = false;
            started.completeExceptionally(e);
        }
        while (running) {
            workUntilAnError();
        }
        try {
            worker.onClose();
        } catch (RuntimeException e) {
            errors.onError(e);
        }
    }

    /** Compiled code may throw what a failed access ends in only as the duty cycle returns, or as the loop goes back. */
    private void workUntilAnError() {
        try {
            while (running) {
                idle.idle(worker.doWork());
            }
        } catch (InternalError memoryGone) {
            recover();
        } catch (Throwable ours) {
            tell(ours);
        }
    }

    private void recover() {
        try {
            worker.recoverAnyhow();
        } catch (Throwable ours) {
            tell(ours);
        }
    }

    /** A full heap may be the error, and leave no room to tell of it either. */
    private void tell(Throwable ours) {
        try {
            errors.onError(ours);
        } catch (OutOfMemoryError full) {
            // It was counted.
        }
    }

    /** Ends the worker after its present duty cycle; returns whether it has ended in time. Not on the worker's thread. */
    boolean stop(Duration patience) throws InterruptedException {
        running = false;
        proxy.wake();
        return !thread.isAlive() || thread.join(patience);
    }

    /** Likewise; one that has not ended by then is logged and left. */
    void stopBy(long deadlineNanos) {
        try {
            if (!stop(Duration.ofNanos(Math.max(1, deadlineNanos - System.nanoTime())))) {
                LOG.warn("{} did not end in time", worker.roleName());
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
