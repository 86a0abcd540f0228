package io.annulet.vring;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.annulet.memory.ArenaRegions;
import io.annulet.memory.GuestMemory;
import io.annulet.memory.Region;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** A driver that offers and takes back many buffers at once does what one does that handles each by itself. */
class DriverBurstsTest {

    private static final int SIZE = 16;
    private static final long GUEST = 0x10_0000;
    private static final long BUFFERS = GUEST + 0x1_0000;

    /** A ring with both halves over it, in memory of its own. */
    private static final class World {
        final Region region = ArenaRegions.region(GUEST, 1 << 20);
        final ChainBurst burst = new ChainBurst(SIZE, SIZE);
        final int[] heads = new int[SIZE];
        final int[] byteLengths = new int[SIZE];
        final DriverHalf driver;
        final DeviceHalf device;

        World(boolean isPacked, boolean inOrder) {
            RingFeatures features = new RingFeatures(false, true, inOrder);
            GuestMemory memory = GuestMemory.of(List.of(region));
            long at = region.hostAddress();
            if (isPacked) {
                PackedRing ring = new PackedRing(at, at + 1024, at + 2048, SIZE);
                driver = new PackedDriverHalf(ring, features);
                device = new PackedDeviceHalf(ring, memory, features, PackedPosition.START);
            } else {
                SplitRing ring = new SplitRing(at, at + 1024, at + 2048, SIZE);
                driver = new SplitDriverHalf(ring, features, 0);
                device = new SplitDeviceHalf(ring, memory, features, 0);
            }
        }

        /** The device uses so many chains, in some order. */
        void use(int count, Random order, boolean inOrder) {
            burst.clear();
            int taken = device.take(burst, count);
            List<Integer> chains = new ArrayList<>();
            for (int i = 0; i < taken; i++) {
                chains.add(i);
            }
            if (!inOrder) {
                Collections.shuffle(chains, order);
            }
            chains.forEach(i -> device.giveBack(burst.head(i), 100 + i));
            device.publishUsed();
        }
    }

    @ParameterizedTest
    @CsvSource({"false, false", "false, true", "true, false", "true, true"})
    void isTheSameAsOneByOne(boolean isPacked, boolean inOrder) {
        World single = new World(isPacked, inOrder);
        World many = new World(isPacked, inOrder);
        Random random = new Random(9);
        long[] addresses = new long[SIZE];
        for (int round = 0; round < 5_000; round++) {
            boolean writable = random.nextBoolean();
            int offers = Math.min(random.nextInt(SIZE), single.driver.freeDescriptors());
            for (int i = 0; i < offers; i++) {
                addresses[i] = BUFFERS + 64L * random.nextInt(SIZE);
                many.byteLengths[i] = 1 + random.nextInt(64);
                single.heads[i] = single.driver.offer(addresses[i], many.byteLengths[i], writable);
            }
            many.driver.offerEach(addresses, many.byteLengths, many.heads, offers, writable);
            for (int i = 0; i < offers; i++) {
                assertEquals(single.heads[i], many.heads[i]);
            }
            assertEquals(single.driver.publishAvail(), many.driver.publishAvail());
            int uses = random.nextInt(SIZE);
            long seed = random.nextLong();
            single.use(uses, new Random(seed), inOrder);
            many.use(uses, new Random(seed), inOrder);
            int max = 1 + random.nextInt(SIZE);
            int count = many.driver.takeUsed(many.heads, many.byteLengths, max);
            for (int i = 0; i < count; i++) {
                assertEquals(single.driver.takeUsed(), many.heads[i]);
                assertEquals(single.driver.writtenByteLength(), many.byteLengths[i]);
            }
            if (count < max) {
                assertEquals(DriverHalf.NOTHING, single.driver.takeUsed());
            }
            assertEquals(single.driver.freeDescriptors(), many.driver.freeDescriptors());
            assertEquals(single.driver.outstanding(), many.driver.outstanding());
        }
    }

    @Test
    void aStrayIsTheLastOfItsBurst() {
        RawRing raw = new RawRing(SIZE);
        SplitDriverHalf driver = raw.driver(false, 0);
        int[] heads = new int[SIZE];
        int[] byteLengths = new int[SIZE];
        int first = driver.offer(raw.buffers(), 64, true);
        int second = driver.offer(raw.buffers(), 64, true);
        driver.publishAvail();
        raw.used(0, first, 60).used(1, SIZE, 60).used(2, second, 0xffff_ffffL).usedIndex(3);
        assertEquals(2, driver.takeUsed(heads, byteLengths, SIZE));
        assertEquals(first, heads[0]);
        assertEquals(DriverHalf.NOT_OFFERED, heads[1]);
        assertEquals(1, driver.takeUsed(heads, byteLengths, SIZE));
        assertEquals(second, heads[0]);
        assertEquals(Integer.MAX_VALUE, byteLengths[0]);
        assertEquals(0, driver.takeUsed(heads, byteLengths, SIZE));
        assertEquals(SIZE, driver.freeDescriptors());
    }

    @Test
    void freeDescriptorsQueueUpSoThatTheTableIsWalkedInOrder() {
        RawRing raw = new RawRing(SIZE);
        SplitDriverHalf driver = raw.driver(false, 0);
        for (int frame = 0; frame < 3 * SIZE; frame++) {
            assertEquals(frame % SIZE, driver.offer(raw.buffers(), 64, true));
            driver.publishAvail();
            raw.used(frame, frame % SIZE, 0).usedIndex(frame + 1);
            assertEquals(frame % SIZE, driver.takeUsed());
        }
    }

    @Test
    void offersNoMoreThanThereAreDescriptors() {
        RawRing raw = new RawRing(SIZE);
        SplitDriverHalf driver = raw.driver(false, 0);
        driver.offer(raw.buffers(), 64, true);
        assertThrows(
                IllegalStateException.class,
                () -> driver.offerEach(new long[SIZE], new int[SIZE], new int[SIZE], SIZE, true));
    }
}
