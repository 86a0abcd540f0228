package io.annulet.backend.control;

import io.annulet.backend.data.PollMode;
import io.annulet.backend.data.RunningWorker;
import io.annulet.backend.data.Switch;
import io.annulet.backend.data.Worker;
import io.annulet.backend.data.WorkerProxy;
import io.annulet.backend.stats.PortCounters;
import io.annulet.guest.VhostUserFrontEnd;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import org.agrona.concurrent.UnsafeBuffer;
import org.agrona.concurrent.status.CountersManager;
import org.junit.jupiter.api.Assertions;

/** A back-end as the program has it, for tests: one worker with a switch, the control thread, ports that are added. */
final class TestBackend implements AutoCloseable {

    static final long TIMEOUT_NANOS = TimeUnit.SECONDS.toNanos(5);

    private final CountersManager counters = new CountersManager(
            new UnsafeBuffer(ByteBuffer.allocateDirect(1 << 20)), new UnsafeBuffer(ByteBuffer.allocateDirect(1 << 18)));
    private final ConcurrentLinkedQueue<Throwable> workerErrors = new ConcurrentLinkedQueue<>();
    private final List<GuestEndpoint> endpoints = new ArrayList<>();
    private final List<PortCounters> openCounters = new ArrayList<>();
    private final Switch network = new Switch();
    private final RunningWorker runner;
    final ControlLoop loop = new ControlLoop();
    final WorkerProxy worker;

    private final StateFolder state;

    TestBackend() {
        this(StateFolder.none());
    }

    TestBackend(StateFolder state) {
        this.state = state;
        runner = new RunningWorker(new Worker("test-worker", 32768), PollMode.ADAPTIVE, workerErrors::add);
        worker = runner.proxy();
    }

    /** A port that listens. */
    GuestEndpoint open(VhostUserOptions options) {
        return open(options, ControlLimits.DEFAULTS);
    }

    GuestEndpoint open(VhostUserOptions options, ControlLimits limits) {
        GuestEndpoint endpoint = new GuestEndpoint(
                options, loop, List.of(worker), 0, List.of(newCounters(options.name())), state, limits);
        worker.addPort(endpoint.port().shard(0), network, () -> {});
        endpoint.start().join();
        endpoints.add(endpoint);
        return endpoint;
    }

    PortCounters newCounters(String port) {
        PortCounters made = new PortCounters(counters, port);
        openCounters.add(made);
        return made;
    }

    static VhostUserFrontEnd connect(Path socket) {
        return VhostUserFrontEnd.connect(socket, TIMEOUT_NANOS);
    }

    /** The sum of the counters whose label ends so. */
    long counter(String label) {
        long[] sum = {0};
        counters.forEach((value, id, name) -> {
            if (name.endsWith(label)) {
                sum[0] += value;
            }
        });
        return sum[0];
    }

    /** Waits until a port has had so many sessions and none of them is left. */
    void awaitSessionsOver(GuestEndpoint endpoint, long sessions) {
        await("the end of session " + sessions, () -> {
            awaitControl();
            return counter(endpoint.options().name() + " sessions") == sessions
                    && !endpoint.status().attached();
        });
        // It was counted, but the control thread may still be giving back what the session held.
        awaitControl();
    }

    /** Waits until the control thread has done what it was at, and has looked at what had come before this was called. */
    void awaitControl() {
        CompletableFuture<Void> done = new CompletableFuture<>();
        // A task may follow another at once; what is scheduled waits for the next turn, which looks at descriptors
        // first.
        loop.execute(() -> {
            Future<?> _ = loop.schedule(0, () -> done.complete(null));
        });
        done.orTimeout(TIMEOUT_NANOS, TimeUnit.NANOSECONDS).join();
    }

    /** Waits until something is so, and fails if it is not in time. */
    static void await(String what, BooleanSupplier condition) {
        long end = System.nanoTime() + TIMEOUT_NANOS;
        while (!condition.getAsBoolean()) {
            if (System.nanoTime() > end) {
                Assertions.fail("not in time: " + what);
            }
            Thread.onSpinWait();
        }
    }

    /** Closes all ports. */
    void closePorts() {
        for (GuestEndpoint endpoint : endpoints) {
            endpoint.close().orTimeout(TIMEOUT_NANOS, TimeUnit.NANOSECONDS).join();
            CompletableFuture<Void> removed = new CompletableFuture<>();
            worker.removePort(endpoint.port().shard(0), () -> removed.complete(null));
            removed.orTimeout(TIMEOUT_NANOS, TimeUnit.NANOSECONDS).join();
        }
        endpoints.clear();
        openCounters.forEach(PortCounters::close);
        openCounters.clear();
    }

    @Override
    public void close() {
        closePorts();
        runner.close();
        loop.close();
        Assertions.assertTrue(workerErrors.isEmpty(), () -> "the worker failed: " + workerErrors);
    }
}
