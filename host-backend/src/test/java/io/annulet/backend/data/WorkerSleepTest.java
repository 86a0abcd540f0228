package io.annulet.backend.data;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assertions.fail;

import io.annulet.backend.stats.PortCounters;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What may happen while a worker falls asleep or wakes up. Memory may go away then as at any other time. */
@Timeout(60)
final class WorkerSleepTest {

    private final Worker worker = new Worker("worker", 256);
    private final TruncatedPort port = new TruncatedPort();

    @Test
    void memoryThatIsGoneWhenTheWorkerWakesCostsOnePortOnly() {
        worker.onStart();
        worker.onAddPort(port, new Switch());
        worker.sleep();
        assertEquals(1, port.recoveries);
        worker.onClose();
    }

    @Test
    void whoAsksIsToldOnceTheWorkerHasWaited() throws InterruptedException {
        assertFalse(worker.onceAwake(() -> fail("it never waited")));
        CountDownLatch told = new CountDownLatch(1);
        AtomicBoolean ends = new AtomicBoolean();
        Thread thread = new Thread(() -> {
            worker.onStart();
            while (!ends.get()) {
                worker.sleep();
                worker.doWork();
            }
            worker.onClose();
        });
        thread.start();
        while (!worker.onceAwake(told::countDown)) {
            Thread.onSpinWait();
        }
        worker.submit(() -> ends.set(true));
        assertTrue(told.await(30, TimeUnit.SECONDS));
        thread.join();
    }

    @Test
    void noWorkerSleepsOnAFrameOfOurOwnThatHasNotBeenPulled() {
        try (ArenaGuest guest = new ArenaGuest("guest", ArenaGuest.newCounters(), ArenaGuest.Shape.USUAL)) {
            assertFalse(guest.port.awaitWork());
            guest.port.onInjectFrame(new byte[60]);
            assertTrue(guest.port.awaitWork());
        }
    }

    /** A port whose memory is found to be gone when kicks are to be suppressed again. */
    private static final class TruncatedPort extends QuietPort {

        private int recoveries;

        TruncatedPort() {
            super("truncated", new PortCounters(ArenaGuest.newCounters(), "truncated"));
        }

        @Override
        public boolean awaitWork() {
            return true;
        }

        @Override
        public void stopAwaiting() {
            throw new InternalError("a fault occurred in an unsafe memory access operation");
        }

        @Override
        public boolean recoverFromMemoryLoss() {
            recoveries++;
            return false;
        }
    }
}
