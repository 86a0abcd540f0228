package io.annulet.linux;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.util.concurrent.SynchronousQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class PerfCounterTest {
    /** More than any kernel gives out. */
    private static final int NO_THREAD = (1 << 22) + 1;

    @Test
    void countsTheSystemCallsOfAThread() {
        try (PerfCounter calls = PerfCounter.open(PerfCounter.Event.SYSTEM_CALLS, Cpus.currentThreadId());
                EventFd event = EventFd.create(true, 0)) {
            assumeTrue(calls != null, "system calls are not counted here: tracefs is not mounted, or not for us");
            assertNotNull(calls);
            event.signal();
            long before = calls.value();
            for (int i = 0; i < 1000; i++) {
                event.signal();
            }
            // Reading the counter is a system call too, and the JVM makes some of its own.
            long counted = calls.value() - before;
            assertTrue(counted > 1000 && counted < 1300, counted + " counted");
        }
    }

    @Test
    void whatThisMachineDoesNotCountIsNullAndNoFailure() {
        for (PerfCounter.Event event : PerfCounter.Event.values()) {
            try (PerfCounter counter = PerfCounter.open(event, Cpus.currentThreadId())) {
                assertTrue(counter == null || counter.value() >= 0, event::name);
            }
        }
    }

    @Test
    void theClockOfAnotherThreadRunsWhileItWorks() throws InterruptedException {
        SynchronousQueue<Integer> id = new SynchronousQueue<>();
        Thread busy = Thread.ofPlatform().daemon().start(() -> {
            offer(id);
            while (!Thread.currentThread().isInterrupted()) {
                Thread.onSpinWait();
            }
        });
        int thread = id.take();
        long before = ThreadClock.cpuTimeNanos(thread);
        long after = before;
        while (after - before < TimeUnit.MILLISECONDS.toNanos(5)) {
            after = ThreadClock.cpuTimeNanos(thread);
            assertTrue(after >= before);
        }
        busy.interrupt();
        busy.join();
        assertEquals(-Errno.EINVAL, ThreadClock.cpuTimeNanos(NO_THREAD));
    }

    private static void offer(SynchronousQueue<Integer> id) {
        try {
            id.put(Cpus.currentThreadId());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
