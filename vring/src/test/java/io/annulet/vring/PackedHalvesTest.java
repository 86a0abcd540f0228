package io.annulet.vring;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.annulet.memory.ArenaRegions;
import io.annulet.memory.GuestMemory;
import io.annulet.memory.HostMemory;
import io.annulet.memory.Region;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The two halves of a packed ring at work, in one thread. */
class PackedHalvesTest {

    private static final long GUEST = 0x10_0000;

    /** A packed ring in arena memory with both halves over it. */
    private static final class Pair {
        final Region region = ArenaRegions.region(GUEST, 4 << 20);
        final GuestMemory memory = GuestMemory.of(List.of(region));
        final int size;
        final PackedRing ring;
        final RingFeatures features;
        final PackedDriverHalf driver;
        final PackedDeviceHalf device;
        final ChainBurst burst;
        private long nextBuffer = 2 << 20;

        Pair(int size, boolean eventIndex) {
            this.size = size;
            this.features = new RingFeatures(eventIndex, true);
            this.ring = new PackedRing(
                    region.hostAddress(), region.hostAddress() + 0x9_0000, region.hostAddress() + 0x9_0100, size);
            this.driver = new PackedDriverHalf(ring, features);
            this.device = new PackedDeviceHalf(ring, memory, features, PackedPosition.START);
            this.burst = new ChainBurst(64, 64 + 2 * size);
        }

        /** Guest address of a buffer of up to 64 bytes that stays as it is for a long while. */
        long buffer() {
            long at = GUEST + nextBuffer;
            nextBuffer += 64;
            if (nextBuffer >= 4 << 20) {
                nextBuffer = 2 << 20;
            }
            return at;
        }

        long host(long guestAddress) {
            return region.hostAddress() + (guestAddress - GUEST);
        }

        int take(int max) {
            burst.clear();
            return device.take(burst, max);
        }
    }

    @ParameterizedTest
    @CsvSource({"1, false", "2, true", "3, true", "7, false", "64, true", "1000, true", "256, false"})
    void everyChainArrivesAndComesBackInOrderWithEveryNotificationThatIsDue(int size, boolean eventIndex) {
        Pair pair = new Pair(size, eventIndex);
        Random random = new Random(size);
        Deque<Integer> ids = new ArrayDeque<>();
        Deque<Integer> numbers = new ArrayDeque<>();
        int offered = 0;
        int seen = 0;
        int returned = 0;
        boolean deviceSleeps = false;
        boolean kicked = false;
        boolean driverSleeps = false;
        boolean called = false;
        for (int step = 0; step < 100_000; step++) {
            if (random.nextBoolean() && (!driverSleeps || called)) {
                driverSleeps = false;
                called = false;
                for (int id = pair.driver.takeUsed(); id != DriverHalf.NOTHING; id = pair.driver.takeUsed()) {
                    assertEquals(ids.remove(), id, "given back out of order");
                    assertEquals(numbers.remove().longValue(), pair.driver.writtenByteLength());
                    returned++;
                }
                for (int i = random.nextInt(8); i > 0; i--) {
                    int id = offer(pair, random, offered);
                    if (id == DriverHalf.FULL) {
                        break;
                    }
                    ids.add(id);
                    numbers.add(offered);
                    offered++;
                }
                kicked |= pair.driver.publishAvail();
                if (random.nextInt(4) == 0 && pair.driver.outstanding() > 0) {
                    driverSleeps = !pair.driver.requestCalls(0);
                } else {
                    pair.driver.suppressCalls();
                }
            } else if (!deviceSleeps || kicked) {
                deviceSleeps = false;
                kicked = false;
                int taken = pair.take(1 + random.nextInt(16));
                assertTrue(taken >= 0, "broken: " + pair.device.fault());
                int kept = taken == 0 ? 0 : random.nextInt(taken + 1);
                pair.device.untake(taken - kept);
                for (int i = 0; i < kept; i++) {
                    int number = (int) HostMemory.loadLong(pair.burst.segmentAddress(pair.burst.firstSegment(i)));
                    assertEquals(seen, number, "taken out of order");
                    pair.device.giveBack(pair.burst.head(i), number);
                    seen++;
                }
                if (random.nextInt(10) == 0) {
                    pair.device.abandon();
                    seen -= kept;
                } else {
                    called |= pair.device.publishUsed();
                    int devicePosition = pair.device.base() >>> 16;
                    assertEquals(devicePosition, pair.driver.devicePosition(), "the driver finds the device's place");
                }
                if (random.nextInt(4) == 0) {
                    deviceSleeps = !pair.device.requestKicks();
                } else {
                    pair.device.suppressKicks();
                }
            }
            if (deviceSleeps && !kicked && driverSleeps && !called) {
                assertEquals(offered, seen, "both sleep while chains wait");
                assertEquals(offered, returned, "both sleep while chains wait to be taken back");
                driverSleeps = false;
            }
        }
        assertTrue(offered > 10_000, "only " + offered + " chains were offered");
    }

    /** A chain that begins with its number: one buffer, several, or an indirect table. */
    private static int offer(Pair pair, Random random, int number) {
        int count = 1 + random.nextInt(Math.min(4, pair.size));
        long[] addresses = new long[count];
        int[] lengths = new int[count];
        for (int i = 0; i < count; i++) {
            addresses[i] = pair.buffer();
            lengths[i] = 16;
        }
        HostMemory.storeLong(pair.host(addresses[0]), number);
        if (count == 1) {
            return pair.driver.offer(addresses[0], 16, false);
        }
        if (random.nextBoolean()) {
            return pair.driver.offerChain(addresses, lengths, count, count);
        }
        long table = pair.buffer();
        return pair.driver.offerIndirect(table, pair.host(table), addresses, lengths, count, count);
    }

    @Test
    void aBurstIsSeenByTheDriverOnlyWhenItIsPublished() {
        Pair pair = new Pair(8, false);
        for (int i = 0; i < 3; i++) {
            pair.driver.offer(pair.buffer(), 64, true);
        }
        pair.driver.publishAvail();
        assertEquals(3, pair.take(8));
        for (int i = 0; i < 3; i++) {
            pair.device.giveBack(pair.burst.head(i), 64);
        }
        assertEquals(DriverHalf.NOTHING, pair.driver.takeUsed());
        pair.device.publishUsed();
        for (int i = 0; i < 3; i++) {
            assertTrue(pair.driver.takeUsed() >= 0);
        }
    }

    @Test
    void aBatchIsSeenByTheDeviceOnlyWhenItIsPublished() {
        Pair pair = new Pair(8, false);
        pair.driver.offer(pair.buffer(), 64, false);
        pair.driver.offerChain(new long[] {pair.buffer(), pair.buffer()}, new int[] {8, 8}, 2, 2);
        assertEquals(0, pair.take(8));
        pair.driver.publishAvail();
        assertEquals(2, pair.take(8));
    }

    @Test
    void aChainLongerThanTheRingBreaksIt() {
        Pair pair = new Pair(4, false);
        for (int slot = 0; slot < 4; slot++) {
            pair.ring.descriptorAddress(slot, pair.buffer());
            pair.ring.descriptorDetail(slot, PackedRing.detail(16, 0, PackedRing.FLAG_AVAIL | PackedRing.FLAG_NEXT));
        }
        assertEquals(DeviceHalf.BROKEN, pair.take(4));
        assertEquals(RingFault.CHAIN_TOO_LONG, pair.device.fault());
    }

    @Test
    void indirectWithNextBreaksTheRingAtOnceInsteadOfSpinning() {
        Pair pair = new Pair(4, false);
        pair.ring.descriptorAddress(0, pair.buffer());
        pair.ring.descriptorDetail(
                0, PackedRing.detail(4096, 0, PackedRing.FLAG_AVAIL | PackedRing.FLAG_INDIRECT | PackedRing.FLAG_NEXT));
        assertEquals(DeviceHalf.BROKEN, pair.take(4));
        assertEquals(RingFault.INDIRECT_MISUSED, pair.device.fault());
    }

    @Test
    void anIndirectTableThatIsEmptyCutOrTooLongBreaksTheRing() {
        for (int bytes : new int[] {0, 8, 17, 16 * 5}) {
            Pair pair = new Pair(4, false);
            pair.ring.descriptorAddress(0, pair.buffer());
            pair.ring.descriptorDetail(
                    0, PackedRing.detail(bytes, 0, PackedRing.FLAG_AVAIL | PackedRing.FLAG_INDIRECT));
            assertEquals(DeviceHalf.BROKEN, pair.take(4));
            assertEquals(RingFault.BAD_INDIRECT_TABLE, pair.device.fault());
        }
    }

    @Test
    void flagPairsThatAreNotAvailableAreNotTaken() {
        for (int flags : new int[] {0, PackedRing.FLAG_USED, PackedRing.FLAG_AVAIL | PackedRing.FLAG_USED}) {
            Pair pair = new Pair(4, false);
            pair.ring.descriptorAddress(0, pair.buffer());
            pair.ring.descriptorDetail(0, PackedRing.detail(16, 0, flags));
            assertEquals(0, pair.take(4), "flags " + flags);
            assertFalse(pair.device.requestKicks());
        }
    }

    @Test
    void theIdOfAChainIsThatOfItsLastDescriptor() {
        Pair pair = new Pair(4, false);
        int available = PackedRing.FLAG_AVAIL;
        pair.ring.descriptorAddress(1, pair.buffer());
        pair.ring.descriptorDetail(1, PackedRing.detail(16, 77, available));
        pair.ring.descriptorAddress(0, pair.buffer());
        pair.ring.descriptorDetail(0, PackedRing.detail(16, 12, available | PackedRing.FLAG_NEXT));
        assertEquals(1, pair.take(4));
        assertEquals(77, pair.burst.head(0));
        assertEquals(32, pair.burst.readableByteLength(0));
    }

    @Test
    void aHalfGoesOnWhereAnotherEnded() {
        Pair pair = new Pair(5, true);
        PackedDeviceHalf device = pair.device;
        for (int round = 0; round < 23; round++) {
            int id = pair.driver.offer(pair.buffer(), 64, false);
            pair.driver.publishAvail();
            pair.burst.clear();
            assertEquals(1, device.take(pair.burst, 4));
            device.giveBack(pair.burst.head(0), 0);
            device.publishUsed();
            assertEquals(id, pair.driver.takeUsed());
            device = new PackedDeviceHalf(pair.ring, pair.memory, pair.features, device.base() & 0xffff);
        }
    }

    /** VIRTIO 1.2, "Event Suppression Structure Layout": the event position is compared with its wrap counter. */
    @ParameterizedTest
    @CsvSource({
        // event slot, event wrap, after slot, after wrap, count, due
        "0, true, 1, true, 1, true",
        "1, true, 1, true, 1, false",
        "2, true, 5, true, 3, true",
        "1, true, 5, true, 3, false",
        "7, true, 0, false, 1, true",
        "6, true, 0, false, 1, false",
        "0, false, 1, false, 3, true",
        "7, true, 1, false, 3, true",
        "0, true, 1, false, 2, false",
    })
    void aNotificationIsDueWhenTheEventPositionWasPublished(
            int eventSlot, boolean eventWrap, int afterSlot, boolean afterWrap, int count, boolean due) {
        int event = eventSlot | (eventWrap ? 0x8000 : 0);
        int after = afterSlot | (afterWrap ? 0x8000 : 0);
        assertEquals(due, PackedPosition.passed(event, after, count, 8));
    }
}
