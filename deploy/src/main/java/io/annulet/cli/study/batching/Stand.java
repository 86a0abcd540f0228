package io.annulet.cli.study.batching;

import io.annulet.backend.control.ControlLoop;
import io.annulet.backend.control.GuestEndpoint;
import io.annulet.backend.control.VhostUserOptions;
import io.annulet.backend.data.Link;
import io.annulet.backend.data.PollMode;
import io.annulet.backend.data.Worker;
import io.annulet.backend.data.WorkerIdle;
import io.annulet.backend.data.WorkerProxy;
import io.annulet.backend.stats.CountersFile;
import io.annulet.backend.stats.PortCounters;
import io.annulet.cli.study.StudyFailure;
import io.annulet.linux.Cpus;
import java.nio.file.Path;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * A whole back-end with one guest's port linked to an {@link EndPort}: the real sockets, sessions and worker. Made and
 * closed by the thread of the sweep; {@link #work} is the worker's thread.
 */
final class Stand implements AutoCloseable {

    private static final long PATIENCE_SECONDS = 10;
    private static final int COUNTERS = 4 * PortCounters.COUNT;

    private final CountersFile counters = CountersFile.inMemory(COUNTERS);
    private final Worker worker = new Worker("study-worker", RingLayout.RING_SIZE);
    private final WorkerProxy proxy = new WorkerProxy(worker);
    private final PollMode poll;
    private final GuestEndpoint endpoint;
    private final EndPort end;
    private final CompletableFuture<Void> ended = new CompletableFuture<>();
    private final Thread thread;
    private volatile boolean running = true;
    private volatile int threadId;
    private volatile @Nullable Throwable failure;

    Stand(
            ControlLoop control,
            Path socket,
            PollMode poll,
            Latency latency,
            int frameBytes,
            int batch,
            long stepNanos,
            boolean free) {
        this.poll = poll;
        endpoint = new GuestEndpoint(
                VhostUserOptions.server("guest", socket),
                control,
                proxy,
                new PortCounters(counters.manager(), "guest"));
        end = new EndPort(new PortCounters(counters.manager(), "end"), latency, frameBytes, batch, stepNanos, free);
        thread = Thread.ofPlatform().name("receiver").daemon().start(this::work);
        Link link = new Link();
        await(done -> proxy.addPort(endpoint.port().shard(0), link, () -> done.complete(null)), "start a worker");
        await(done -> proxy.addPort(end, link, () -> done.complete(null)), "start a worker");
        await(endpoint.start(), "listen on " + socket);
    }

    private void work() {
        try {
            int cpu = MeasuredThread.processor(1);
            if (cpu >= 0) {
                Cpus.pinCurrentThread(cpu);
            }
            threadId = Cpus.currentThreadId();
            worker.onStart();
            WorkerIdle idle = new WorkerIdle(worker, poll);
            while (running) {
                idle.idle(worker.doWork());
            }
            worker.onClose();
        } catch (Throwable e) {
            failure = e;
        } finally {
            ended.complete(null);
        }
    }

    EndPort end() {
        return end;
    }

    /** The kernel's number of the worker's thread. */
    int threadId() {
        return threadId;
    }

    private static void await(Consumer<CompletableFuture<Void>> start, String action) {
        CompletableFuture<Void> done = new CompletableFuture<>();
        start.accept(done);
        await(done, action);
    }

    private static void await(CompletableFuture<Void> done, String action) {
        try {
            done.get(PATIENCE_SECONDS, TimeUnit.SECONDS);
        } catch (ExecutionException | TimeoutException e) {
            throw new StudyFailure("the back-end could not " + action + ": " + e, e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new StudyFailure("interrupted", e);
        }
    }

    @Override
    public void close() {
        try {
            if (!ended.isDone()) {
                await(endpoint.close(), "end its session");
                await(done -> proxy.removePort(end, () -> done.complete(null)), "leave its port");
                await(done -> proxy.removePort(endpoint.port().shard(0), () -> done.complete(null)), "leave its port");
            }
            running = false;
            proxy.wake();
            thread.join(TimeUnit.SECONDS.toMillis(PATIENCE_SECONDS));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } finally {
            end.close();
        }
        Throwable broken = failure;
        if (broken != null) {
            throw new StudyFailure("the worker died: " + broken, broken);
        }
    }
}
