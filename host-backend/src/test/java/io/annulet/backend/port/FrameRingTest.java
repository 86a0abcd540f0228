package io.annulet.backend.port;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.annulet.memory.HostMemory;
import java.util.ArrayDeque;
import java.util.Queue;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(60)
final class FrameRingTest {

    private static final int CAPACITY = 4096;
    private static final long PATIENCE_NANOS = TimeUnit.SECONDS.toNanos(30);

    private final FrameRing ring = new FrameRing(CAPACITY);

    /** Writes a frame whose bytes tell its number; false if there is no room. */
    private static boolean add(FrameRing ring, int number, int byteLength) {
        long record = ring.claim(byteLength);
        if (record == FrameRing.NONE) {
            return false;
        }
        PcapRecord.header(record, number, byteLength);
        for (int i = 0; i < byteLength; i++) {
            HostMemory.storeByte(PcapRecord.frameAddress(record) + i, number + i);
        }
        return true;
    }

    private static void assertIs(int number, int byteLength, long record) {
        assertNotEquals(FrameRing.NONE, record, () -> "frame " + number + " is not there");
        assertEquals(number, (int) (HostMemory.loadLong(record) >>> 32), "the nanoseconds");
        assertEquals(byteLength, PcapRecord.frameByteLength(record));
        for (int i = 0; i < byteLength; i++) {
            assertEquals((number + i) & 0xff, HostMemory.loadByte(PcapRecord.frameAddress(record) + i));
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3, 4, 5})
    void keepsFramesOfAllLengthsInOrderWhereverTheRingEnds(int seed) {
        Random random = new Random(seed);
        Queue<Integer> lengths = new ArrayDeque<>();
        int added = 0;
        int taken = 0;
        while (taken < 20_000) {
            int length = random.nextInt(random.nextBoolean() ? 40 : 1200);
            while (add(ring, added, length)) {
                added++;
                lengths.add(length);
            }
            ring.publish();
            for (int i = random.nextInt(8); i >= 0 && !lengths.isEmpty(); i--) {
                assertIs(taken++, lengths.remove(), ring.next());
            }
            ring.release();
        }
    }

    @Test
    void showsNothingBeforeItIsPublished() {
        assertTrue(add(ring, 1, 100));
        assertFalse(ring.hasNext());
        ring.publish();
        assertTrue(ring.hasNext());
        assertIs(1, 100, ring.next());
        assertFalse(ring.hasNext());
    }

    @Test
    void forgetsWhatIsNotPublished() {
        add(ring, 1, 100);
        ring.publish();
        add(ring, 2, 100);
        ring.forget();
        add(ring, 3, 50);
        ring.publish();
        assertIs(1, 100, ring.next());
        assertIs(3, 50, ring.next());
        assertEquals(FrameRing.NONE, ring.next());
    }

    @Test
    void takesNoMoreThanFits() {
        int frames = 0;
        while (add(ring, frames, 112)) {
            frames++;
        }
        assertEquals(CAPACITY / 128, frames);
        ring.publish();
        ring.next();
        assertFalse(add(ring, frames, 112), "taken is not released");
        ring.release();
        assertTrue(add(ring, frames, 112));
        assertFalse(add(ring, frames, 112));
    }

    @Test
    void aRunIsWhatLiesOneBehindTheOther() {
        for (int i = 0; i < 6; i++) {
            add(ring, i, 600 - 16);
        }
        ring.publish();
        assertIs(0, 584, ring.nextRun(1800));
        assertEquals(1800, ring.runByteLength());
        ring.release();
        add(ring, 6, 600 - 16);
        ring.publish();
        assertIs(3, 584, ring.nextRun(CAPACITY));
        assertEquals(1800, ring.runByteLength(), "up to the end of the memory");
        assertIs(6, 584, ring.nextRun(CAPACITY));
        assertEquals(600, ring.runByteLength());
        assertEquals(FrameRing.NONE, ring.nextRun(CAPACITY));
    }

    @Test
    void aRunIsAtLeastOneRecord() {
        add(ring, 1, 500);
        add(ring, 2, 500);
        ring.publish();
        assertIs(1, 500, ring.nextRun(100));
        assertEquals(516, ring.runByteLength());
    }

    @Test
    void twoThreadsThatSleepForEachOtherLoseNothing() throws InterruptedException {
        int frames = 200_000;
        AtomicReference<Throwable> failure = new AtomicReference<>();
        Thread producer = new Thread(() -> produce(frames));
        Thread consumer = new Thread(() -> consume(frames));
        consumer.setUncaughtExceptionHandler((thread, e) -> failure.set(e));
        producer.start();
        consumer.start();
        consumer.join();
        if (failure.get() != null) {
            producer.interrupt();
            throw new AssertionError(failure.get());
        }
        producer.join();
    }

    private void produce(int frames) {
        Random random = new Random(1);
        Random pauses = new Random(3);
        for (int i = 0; i < frames; i++) {
            int length = random.nextInt(200);
            while (!add(ring, i, length)) {
                if (Thread.currentThread().isInterrupted()) {
                    return;
                }
                ring.publish();
                ring.awaitRoom(PATIENCE_NANOS);
            }
            if (pauses.nextInt(4) == 0) {
                ring.publish();
            }
        }
        ring.publish();
    }

    private void consume(int frames) {
        Random random = new Random(1);
        Random pauses = new Random(4);
        for (int i = 0; i < frames; i++) {
            if (!ring.hasNext()) {
                ring.release();
                long before = System.nanoTime();
                while (!ring.hasNext()) {
                    ring.awaitRecords(1, PATIENCE_NANOS);
                    assertTrue(System.nanoTime() - before < PATIENCE_NANOS, "a wake-up was lost");
                }
            }
            assertIs(i, random.nextInt(200), ring.next());
            if (pauses.nextInt(4) == 0) {
                ring.release();
            }
        }
    }
}
