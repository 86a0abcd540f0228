package io.annulet.model;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.annulet.memory.GuestMemory;
import io.annulet.memory.HostMemory;
import io.annulet.memory.Region;
import io.annulet.vring.ChainBurst;
import io.annulet.vring.RingFeatures;
import io.annulet.vring.SplitDeviceHalf;
import io.annulet.vring.SplitDriverHalf;
import io.annulet.vring.SplitRing;
import java.lang.foreign.Arena;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * G09: two real threads that sleep whenever they may, so that each chain is a chance to lose a notification. {@code
 * -Dannulet.chains=10000000} for a long try.
 */
@Timeout(value = 1, unit = TimeUnit.HOURS)
class TwoThreadsTest {

    private static final int CHAINS = Integer.getInteger("annulet.chains", 400_000);
    /** A thread that sleeps so long has missed its notification: the other one needs microseconds. */
    private static final int PATIENCE_SECONDS = 20;

    private static final int MOST_SIZE = 16;
    private static final long BUFFERS = 4096;

    /** What an eventfd is between processes. */
    private static final class Bell {
        private final AtomicBoolean rung = new AtomicBoolean();
        private volatile Thread sleeper = Thread.currentThread();

        void ring() {
            rung.set(true);
            LockSupport.unpark(sleeper);
        }

        void await(String who) {
            sleeper = Thread.currentThread();
            long start = System.nanoTime();
            while (!rung.getAndSet(false)) {
                LockSupport.parkNanos(this, TimeUnit.SECONDS.toNanos(1));
                assertTrue(
                        System.nanoTime() - start < TimeUnit.SECONDS.toNanos(PATIENCE_SECONDS),
                        () -> "nobody wakes the " + who);
            }
        }
    }

    private final long base = Arena.global().allocate(2 * BUFFERS, 4096).address();
    private final Bell kick = new Bell();
    private final Bell call = new Bell();

    private SplitRing ring(int size) {
        return new SplitRing(base, base + 1024, base + 2048, size);
    }

    private void drive(int size, boolean eventIndex) {
        SplitDriverHalf driver = new SplitDriverHalf(ring(size), new RingFeatures(eventIndex, false), 0);
        int offered = 0;
        int returned = 0;
        while (returned < CHAINS) {
            while (offered < CHAINS && driver.freeDescriptors() > 0) {
                long buffer = base + BUFFERS + 8L * (offered % size);
                HostMemory.storeLong(buffer, offered);
                driver.offer(buffer, 8, false);
                offered++;
            }
            if (driver.publishAvail()) {
                kick.ring();
            }
            int before = returned;
            while (driver.takeUsed() != SplitDriverHalf.NOTHING) {
                assertEquals(returned, driver.writtenByteLength());
                returned++;
            }
            if (returned == before && !driver.requestCalls(0)) {
                call.await("driver");
                driver.suppressCalls();
            }
        }
    }

    private void serve(int size, boolean eventIndex) {
        GuestMemory memory = GuestMemory.of(List.of(new Region(base, base, 2 * BUFFERS, base)));
        SplitDeviceHalf device = new SplitDeviceHalf(ring(size), memory, new RingFeatures(eventIndex, false), 0);
        ChainBurst burst = new ChainBurst(MOST_SIZE, MOST_SIZE);
        int seen = 0;
        while (seen < CHAINS) {
            burst.clear();
            int taken = device.take(burst, MOST_SIZE);
            assertTrue(taken >= 0, () -> String.valueOf(device.fault()));
            for (int i = 0; i < taken; i++) {
                assertEquals(seen, HostMemory.loadLong(burst.segmentAddress(burst.firstSegment(i))));
                device.giveBack(burst.head(i), seen);
                seen++;
            }
            if (device.publishUsed()) {
                call.ring();
            }
            if (taken == 0 && !device.requestKicks()) {
                kick.await("device");
                device.suppressKicks();
            }
        }
    }

    @ParameterizedTest
    @CsvSource({"1, false", "1, true", "4, false", "4, true", "16, true"})
    void g09NoNotificationIsLostBetweenThreadsThatSleepWheneverTheyMay(int size, boolean eventIndex) throws Exception {
        HostMemory.zero(base, 2 * BUFFERS);
        try (ExecutorService threads =
                Executors.newThreadPerTaskExecutor(Thread.ofPlatform().daemon().factory())) {
            Future<?> device = threads.submit(() -> serve(size, eventIndex));
            Future<?> driver = threads.submit(() -> drive(size, eventIndex));
            driver.get();
            device.get();
        }
    }
}
