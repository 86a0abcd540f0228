package io.annulet.backend.data;

import static org.junit.jupiter.api.Assertions.assertEquals;

import com.sun.management.ThreadMXBean;
import io.annulet.backend.stats.PortCounters;
import java.lang.management.ManagementFactory;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A worker allocates nothing when it finds no work either, nor when it falls asleep and wakes up. */
@Timeout(120)
final class WorkerAllocationTest {

    private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    private static final int CALLS = 2_000;
    private static final int MAX_ROUNDS = 500;

    private final Worker worker = new Worker("worker", 256);

    @Test
    void anIdleTurnAllocatesNothing() {
        worker.onStart();
        allocatesNothing(worker::doWork);
        worker.onClose();
    }

    @Test
    void aSleepAllocatesNothing() {
        worker.onStart();
        worker.onAddPort(new ShortSleeper(), new Switch());
        allocatesNothing(worker::sleep);
        worker.onClose();
    }

    /** In one round at least: the JVM allocates a little now and then by itself, when it swaps compiled code. */
    private static void allocatesNothing(Runnable call) {
        long least = Long.MAX_VALUE;
        for (int round = 0; least > 0 && round < MAX_ROUNDS; round++) {
            long before = THREADS.getCurrentThreadAllocatedBytes();
            for (int i = 0; i < CALLS; i++) {
                call.run();
            }
            least = Math.min(least, THREADS.getCurrentThreadAllocatedBytes() - before);
        }
        assertEquals(0, least, "bytes in " + CALLS + " calls");
    }

    /** Lets the worker wait in the kernel, but not for long. */
    private static final class ShortSleeper extends QuietPort {

        ShortSleeper() {
            super("sleeper", new PortCounters(ArenaGuest.newCounters(), "sleeper"));
        }

        @Override
        public long sleepNanos() {
            return 1;
        }
    }
}
