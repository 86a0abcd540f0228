package io.annulet.backend;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.annulet.backend.control.ControlLoop;
import io.annulet.backend.data.Worker;
import io.annulet.backend.data.WorkerProxy;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A sign of life is given for the control loop and all workers, or not at all. The workers are stepped here. */
@Timeout(60)
final class BackendWatchTest {

    private static final Duration PERIOD = Duration.ofMillis(5);
    private static final long MANY_PERIODS_MILLIS = 100;
    private static final long LONG_MILLIS = 20_000;

    private final Worker one = new Worker("one", 256);
    private final Worker other = new Worker("other", 256);
    private final Semaphore signs = new Semaphore(0);
    private final ControlLoop control = new ControlLoop();

    @BeforeEach
    void begin() {
        one.onStart();
        other.onStart();
        new BackendWatch(control, List.of(new WorkerProxy(one), new WorkerProxy(other)), List.of())
                .pulse(PERIOD, signs::release);
    }

    @AfterEach
    void end() {
        control.close();
        one.onClose();
        other.onClose();
    }

    @Test
    void thereIsASignWhenAllWorkersHaveAnswered() throws Exception {
        for (int i = 0; i < 3; i++) {
            awaitSign();
        }
    }

    @Test
    void thereIsNoneWhileOneWorkerIsStuckAndAgainWhenItGoesOn() throws Exception {
        assertFalse(signs.tryAcquire(MANY_PERIODS_MILLIS, TimeUnit.MILLISECONDS), "no worker has worked yet");
        long untilNanos = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(MANY_PERIODS_MILLIS);
        while (System.nanoTime() - untilNanos < 0) {
            one.doWork();
        }
        assertEquals(0, signs.availablePermits(), "the other worker is stuck");
        awaitSign();
    }

    private void awaitSign() throws InterruptedException {
        long untilNanos = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(LONG_MILLIS);
        while (!signs.tryAcquire(1, TimeUnit.MILLISECONDS)) {
            assertTrue(System.nanoTime() - untilNanos < 0, "no sign");
            one.doWork();
            other.doWork();
        }
    }

    @Test
    void itIsAbandonedOnceEveryGuestIsLostAndNeverIfThereIsNone() {
        CompletableFuture<Void> first = new CompletableFuture<>();
        CompletableFuture<Void> second = new CompletableFuture<>();
        BackendWatch guests = new BackendWatch(control, List.of(), List.of(first, second));
        CompletableFuture<Void> abandoned = guests.abandoned();
        first.complete(null);
        assertFalse(abandoned.isDone());
        second.complete(null);
        assertTrue(abandoned.isDone());
        assertFalse(new BackendWatch(control, List.of(), List.of()).abandoned().isDone());
    }
}
