package io.annulet.backend;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.annulet.backend.data.FrameBurst;
import io.annulet.backend.data.FrameList;
import io.annulet.backend.data.PollMode;
import io.annulet.backend.data.Readiness;
import io.annulet.backend.data.Switch;
import io.annulet.backend.data.Worker;
import io.annulet.backend.data.WorkerIdle;
import io.annulet.backend.data.WorkerProxy;
import io.annulet.backend.port.Port;
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
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(value = 30, unit = TimeUnit.SECONDS)
final class WorkerThreadTest {

    private final CountersFile counters = CountersFile.inMemory(100);
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
    private static final class BrokenPort implements Port {

        final CountDownLatch pulledTwice = new CountDownLatch(2);
        private final PortCounters counters;

        BrokenPort(PortCounters counters) {
            this.counters = counters;
        }

        @Override
        public String name() {
            return "broken";
        }

        @Override
        public PortCounters counters() {
            return counters;
        }

        @Override
        public void attached(Readiness readiness) {}

        @Override
        public void detached() {}

        @Override
        public int pull(FrameBurst burst) {
            pulledTwice.countDown();
            throw new AssertionError("a mistake");
        }

        @Override
        public void finish(FrameBurst burst) {}

        @Override
        public void push(FrameBurst burst, FrameList frames) {}

        @Override
        public boolean awaitWork() {
            return false;
        }

        @Override
        public void stopAwaiting() {}

        @Override
        public boolean recoverFromMemoryLoss() {
            return true;
        }

        @Override
        public void memoryLost() {}
    }
}
