package io.annulet.backend.policy;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Limits that several workers use up at the same time. */
@Timeout(60)
class SharedLimitsTest {

    private static final int WORKERS = 4;

    private static void inParallel(Runnable work) throws InterruptedException {
        List<Thread> threads = new ArrayList<>();
        for (int i = 0; i < WORKERS; i++) {
            threads.add(Thread.ofPlatform().start(work));
        }
        for (Thread thread : threads) {
            thread.join();
        }
    }

    @Test
    void workersShareOneRate() throws InterruptedException {
        TokenBucket bucket = new TokenBucket(1_000_000, TimeUnit.MILLISECONDS.toNanos(20));
        long now = System.nanoTime() + TimeUnit.SECONDS.toNanos(1);
        AtomicInteger taken = new AtomicInteger();
        inParallel(() -> {
            for (int i = 0; i < 100_000; i++) {
                if (bucket.isOpen(now)) {
                    bucket.take(1, now);
                    taken.incrementAndGet();
                }
            }
        });
        assertTrue(taken.get() >= 20_000 && taken.get() < 20_000 + WORKERS, "taken: " + taken);
    }

    @Test
    void workersShareOneBookOfAddresses() throws InterruptedException {
        AddressBook book = new AddressBook(16, TimeUnit.MINUTES.toNanos(5));
        AtomicInteger next = new AtomicInteger();
        AtomicInteger admitted = new AtomicInteger();
        inParallel(() -> {
            for (int i = 0; i < 10_000; i++) {
                if (book.admits(next.incrementAndGet(), 0)) {
                    admitted.incrementAndGet();
                }
            }
        });
        assertEquals(16, admitted.get());
    }
}
