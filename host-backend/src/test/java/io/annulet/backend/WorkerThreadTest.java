package io.annulet.backend;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.annulet.backend.data.FrameBurst;
import io.annulet.backend.data.PollMode;
import io.annulet.backend.data.QuietPort;
import io.annulet.backend.data.Switch;
import io.annulet.backend.data.Worker;
import io.annulet.backend.data.WorkerIdle;
import io.annulet.backend.data.WorkerProxy;
import io.annulet.backend.stats.CountersFile;
import io.annulet.backend.stats.PortCounters;
import io.annulet.backend.stats.WorkerCounters;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.agrona.concurrent.IdleStrategy;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(value = 30, unit = TimeUnit.SECONDS)
final class WorkerThreadTest {

    private final CountersFile counters = CountersFile.inMemory(300);
    private final Worker worker = new Worker("tested", 256);
    private final WorkerProxy proxy = new WorkerProxy(worker);

    @Test
    void anErrorEndsADutyCycleAndNotTheWorker() throws Exception {
        ConcurrentLinkedQueue<Throwable> errors = new ConcurrentLinkedQueue<>();
        WorkerThread thread = new WorkerThread(worker, proxy, new WorkerIdle(worker, PollMode.BUSY), null, errors::add);
        thread.start().get();
        BrokenPort port = new BrokenPort(new PortCounters(counters.manager(), "broken"));
        CompletableFuture<Void> added = new CompletableFuture<>();
        proxy.addPort(port, new Switch(), () -> added.complete(null));
        added.get();
        port.pulledTwice.await();
        CompletableFuture<Void> removed = new CompletableFuture<>();
        proxy.removePort(port, () -> removed.complete(null));
        removed.get();
        assertTrue(errors.size() >= 2, errors::toString);
        assertTrue(thread.stop(Duration.ofSeconds(5)));
    }

    /** Compiled code may throw what a failed access to guest memory ends in as late as between two duty cycles. */
    @Test
    void aFaultBetweenTwoDutyCyclesHasEveryPortAskedForItsMemory() throws Exception {
        LateFault idle = new LateFault();
        WorkerThread thread = new WorkerThread(worker, proxy, idle, null, e -> {});
        thread.start().get();
        AskedPort port = new AskedPort(new PortCounters(counters.manager(), "asked"));
        CompletableFuture<Void> added = new CompletableFuture<>();
        proxy.addPort(port, new Switch(), () -> added.complete(null));
        added.get();
        idle.due = true;
        port.asked.await();
        assertTrue(thread.stop(Duration.ofSeconds(5)));
    }

    /** Throws once. */
    private static final class LateFault implements IdleStrategy {

        volatile boolean due;

        @Override
        public void idle(int workCount) {
            if (due) {
                due = false;
                throw new InternalError("tested");
            }
        }

        @Override
        public void idle() {}

        @Override
        public void reset() {}
    }

    private static final class AskedPort extends QuietPort {

        final CountDownLatch asked = new CountDownLatch(1);

        AskedPort(PortCounters counters) {
            super("asked", counters);
        }

        @Override
        public boolean recoverFromMemoryLoss() {
            asked.countDown();
            return true;
        }
    }

    /** A full heap once ended the worker: there was no room for the line in the log, and nobody caught that. */
    @Test
    void anErrorThatCannotBeToldOfForWantOfMemoryDoesNotEndTheWorker() throws Exception {
        WorkerThread thread = new WorkerThread(worker, proxy, new WorkerIdle(worker, PollMode.BUSY), null, e -> {
            throw new OutOfMemoryError("tested");
        });
        thread.start().get();
        BrokenPort port = new BrokenPort(new PortCounters(counters.manager(), "broken"));
        CompletableFuture<Void> added = new CompletableFuture<>();
        proxy.addPort(port, new Switch(), () -> added.complete(null));
        added.get();
        port.pulledTwice.await();
        assertTrue(thread.stop(Duration.ofSeconds(5)));
    }

    @Test
    void aSleepingWorkerIsStoppedAtOnce() throws Exception {
        WorkerThread thread = new WorkerThread(worker, proxy, new WorkerIdle(worker, PollMode.SLEEP), null, e -> {});
        thread.start().get();
        assertTrue(thread.stop(Duration.ofMillis(500)));
        assertTrue(thread.stop(Duration.ofMillis(1)));
    }

    @Test
    void errorsAreCountedAndOneASecondIsLogged() {
        List<Runnable> lines = new ArrayList<>();
        WorkerErrors errors = new WorkerErrors("tested", new WorkerCounters(counters.manager(), "tested"), lines::add);
        for (int i = 0; i < 1000; i++) {
            errors.onError(new IllegalStateException("tested"));
        }
        assertTrue(lines.size() <= 2, () -> lines.size() + " lines");
        assertEquals(1000, counters.manager().getCounterValue(0));
    }

    /** A port with a mistake in it. */
    private static final class BrokenPort extends QuietPort {

        final CountDownLatch pulledTwice = new CountDownLatch(2);

        BrokenPort(PortCounters counters) {
            super("broken", counters);
        }

        @Override
        public int pull(FrameBurst burst) {
            pulledTwice.countDown();
            throw new AssertionError("a mistake");
        }
    }
}
