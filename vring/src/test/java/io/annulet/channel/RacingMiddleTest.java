package io.annulet.channel;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.annulet.memory.HostMemory;
import java.lang.foreign.Arena;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * O03: a middle that alters records while they are sealed and while they are opened. {@code -Dannulet.races=10000000} for the
 * long run; 0 altered records are accepted in either.
 */
@Timeout(1200)
final class RacingMiddleTest {
    private static final int PLAIN_BYTES = 192;

    /** Never due: the ends have the same key until a record is refused. */
    private static final KeyLimits LIMITS = new KeyLimits(1L << 40, 1L << 60, Long.MAX_VALUE, 1L << 41);

    private static final int RACES = Integer.getInteger("annulet.races", 1_000_000);

    private static final int RACES_A_LOOK = 4096;

    private final AtomicLong flips = new AtomicLong();
    private final AtomicBoolean stopped = new AtomicBoolean();

    @Test
    void noAlteredRecordIsEverAccepted_O03() throws InterruptedException {
        try (Arena arena = Arena.ofShared()) {
            ChannelLayout layout =
                    new ChannelLayout(arena.allocate(1 << 20, 4096).address(), 1 << 20);
            Thread middle = Thread.ofPlatform().daemon().start(() -> alter(layout.ringAddress(0)));
            try {
                race(arena, layout);
            } finally {
                stopped.set(true);
                middle.join();
            }
        }
    }

    /** Flips a bit and puts it back, over and over, so that about as many copies are taken whole as are not. */
    private void alter(long ring) {
        int recordBytes = RecordHeader.recordByteLength(PLAIN_BYTES);
        ThreadLocalRandom random = ThreadLocalRandom.current();
        while (!stopped.get()) {
            long at = ring + random.nextInt(recordBytes);
            int mask = 1 << random.nextInt(8);
            HostMemory.storeByte(at, HostMemory.loadByte(at) ^ mask);
            pause(random.nextInt(64));
            HostMemory.storeByte(at, HostMemory.loadByte(at) ^ mask);
            flips.incrementAndGet();
            pause(random.nextInt(64));
        }
    }

    private static void pause(int spins) {
        for (int i = spins; i > 0; i--) {
            Thread.onSpinWait();
        }
    }

    /** On a busy machine the middle may not run for long: races without it would be none. */
    private long awaitFlip(long before) {
        while (flips.get() == before) {
            LockSupport.parkNanos(10_000);
        }
        return flips.get();
    }

    private void race(Arena arena, ChannelLayout layout) {
        long plain = arena.allocate(PLAIN_BYTES, 8).address();
        int accepted = 0;
        int refused = 0;
        try (DirectionKey sealing = key(arena);
                DirectionKey opening = key(arena)) {
            RingWriter ring = Control.writer(layout, 0);
            RecordWriter writer =
                    new RecordWriter(0, ring, sealing, Freshness.best(), allocate(arena, RecordWriter.SCRATCH_BYTES));
            RecordReader reader = new RecordReader(
                    1, Control.reader(layout, 1), opening, allocate(arena, RecordReader.SCRATCH_BYTES));
            boolean isInStep = false;
            long seen = 0;
            for (int i = 0; i < RACES; i++) {
                if (i % RACES_A_LOOK == 0) {
                    seen = awaitFlip(seen);
                }
                if (!isInStep) {
                    begin(sealing);
                    begin(opening);
                }
                ring.reset(0);
                reader.reset(0, false);
                HostMemory.storeLong(plain + 8L * (i % 24), i);
                writer.write(RecordHeader.TYPE_ITEMS, plain, PLAIN_BYTES);
                writer.publish();
                isInStep = reader.next();
                if (isInStep) {
                    accepted++;
                    assertEquals(PLAIN_BYTES, reader.plainByteLength());
                    assertTrue(
                            HostMemory.same(plain, reader.plainAddress(), PLAIN_BYTES),
                            "an altered record was accepted");
                } else {
                    refused++;
                }
            }
        }
        System.out.println(RACES + " races: " + accepted + " records accepted as they were sent, " + refused
                + " refused, 0 altered ones accepted");
        assertTrue(accepted > 0 && refused > 0, accepted + " accepted and " + refused + " refused: no race took place");
    }

    private static DirectionKey key(Arena arena) {
        return new DirectionKey(LIMITS, allocate(arena, DirectionKey.SCRATCH_BYTES));
    }

    private static void begin(DirectionKey key) {
        key.begin(new Secret(new byte[32]), new Secret(new byte[32]));
    }

    private static long allocate(Arena arena, long byteLength) {
        return arena.allocate(byteLength, 64).address();
    }
}
