package io.annulet.backend.port;

import io.annulet.backend.data.Forwarder;
import io.annulet.backend.data.Worker;
import io.annulet.backend.data.WorkerProxy;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;

/** A worker on the test's own thread, which does its duty cycles one by one. */
public final class SteppedWorker implements AutoCloseable {

    static final int MAX_RING_SIZE = 2048;

    private static final long PATIENCE_NANOS = TimeUnit.SECONDS.toNanos(30);
    /** More than the turns between two looks at the event loop. */
    private static final int MANY_TURNS = 1000;

    private final Worker worker = new Worker("stepped", MAX_RING_SIZE);
    private final WorkerProxy proxy = new WorkerProxy(worker);

    public SteppedWorker() {
        worker.onStart();
    }

    public WorkerProxy proxy() {
        return proxy;
    }

    public void add(Forwarder domain, Port... ports) {
        for (Port port : ports) {
            proxy.addPort(port, domain, () -> {});
        }
        step();
    }

    public void remove(Port port) {
        proxy.removePort(port, () -> {});
        step();
    }

    public int step() {
        return worker.doWork();
    }

    public void stepUntil(BooleanSupplier reached) {
        long deadline = System.nanoTime() + PATIENCE_NANOS;
        while (!reached.getAsBoolean()) {
            if (System.nanoTime() > deadline) {
                throw new AssertionError("not reached after " + PATIENCE_NANOS + " ns");
            }
            step();
        }
    }

    /** Turns enough that the worker looks at its event loop several times. */
    public void stepOften() {
        for (int i = 0; i < MANY_TURNS; i++) {
            step();
        }
    }

    @Override
    public void close() {
        worker.onClose();
    }
}
