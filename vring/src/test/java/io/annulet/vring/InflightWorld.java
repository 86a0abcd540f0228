package io.annulet.vring;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.annulet.memory.ArenaRegions;
import io.annulet.memory.GuestMemory;
import io.annulet.memory.HostMemory;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * A small ring with a driver whose chains carry their number, and memory in which devices note what they have taken; owned
 * by the test's thread. Chains of one descriptor and of two take turns.
 */
final class InflightWorld {

    private static final int FIRST_INDEX = 65_530;
    private static final long BYTES = 1 << 16;
    private static final long BUFFERS = 1 << 15;
    private static final RingFeatures FEATURES = new RingFeatures(false, true);

    final boolean packed;
    final int size;
    final Vring ring;
    final DriverHalf driver;
    final GuestMemory memory;
    final long base = ArenaRegions.allocate(BYTES).address();
    final long region;
    final int start;
    final Map<Integer, Integer> numbers = new HashMap<>();

    /** Numbers in the order in which the driver got its chains back. */
    final List<Integer> returned = new ArrayList<>();

    int offered;

    InflightWorld(boolean packed, int size) {
        this.packed = packed;
        this.size = size;
        this.memory = GuestMemory.of(List.of(new io.annulet.memory.Region(0, 0, BYTES, base)));
        this.region =
                ArenaRegions.allocate(InflightLayout.regionBytes(packed, size)).address();
        if (packed) {
            PackedRing here = new PackedRing(base, base + 4096, base + 4100, size);
            this.start = PackedPosition.START;
            this.ring = here;
            this.driver = new PackedDriverHalf(here, FEATURES);
        } else {
            SplitRing here = new SplitRing(base, base + 4096, base + 8192, size);
            here.availIndexRelease(FIRST_INDEX);
            here.usedIndexRelease(FIRST_INDEX);
            this.start = FIRST_INDEX;
            this.ring = here;
            this.driver = new SplitDriverHalf(here, FEATURES, FIRST_INDEX);
        }
    }

    /** Makes a chain available if there is room. */
    void offer() {
        int pieces = 1 + (offered & 1);
        if (driver.freeDescriptors() < pieces) {
            return;
        }
        long at = BUFFERS + 64L * (offered % 256);
        HostMemory.storeLong(base + at, offered);
        int head = driver.offerChain(new long[] {at, at + 32}, new int[] {8, 8}, pieces, pieces);
        assertNotEquals(DriverHalf.FULL, head);
        numbers.put(head, offered++);
        driver.publishAvail();
    }

    void reclaim() {
        int head = driver.takeUsed();
        while (head != DriverHalf.NOTHING) {
            Integer number = numbers.remove(head);
            assertTrue(number != null, "a chain came back that was not out: " + head);
            returned.add(number);
            head = driver.takeUsed();
        }
    }

    DeviceHalf plainHalf(int position) {
        return DeviceHalf.of(ring, memory, FEATURES, position);
    }

    NotedHalf firstDevice(InflightWords words) {
        return new InflightRegion(region, null).noted(plainHalf(start), ring, memory, FEATURES, words);
    }

    /** What a device that comes after finds. */
    @Nullable
    InflightChains read() {
        long byteLength = InflightLayout.regionBytes(packed, size);
        long copy = ArenaRegions.allocate(byteLength).address();
        HostMemory.copy(region, copy, byteLength);
        return switch (ring) {
            case SplitRing split ->
                InflightChains.ofSplit(copy, size, split.usedIndexAcquire(), split.availIndexAcquire());
            case PackedRing packedRing -> {
                long shown = ArenaRegions.allocate(16L * size).address();
                HostMemory.copy(base, shown, 16L * size);
                yield InflightChains.ofPacked(copy, new PackedRing(shown, shown, shown, packedRing.size()));
            }
        };
    }

    /** Another device that goes on where the one before it was killed. */
    NotedHalf nextDevice(InflightWords words) {
        InflightChains earlier = read();
        if (earlier == null) {
            // Killed before it had begun: nothing was taken.
            return firstDevice(words);
        }
        return new InflightRegion(region, earlier).noted(plainHalf(earlier.position()), ring, memory, FEATURES, words);
    }

    static int number(ChainBurst burst, int chain) {
        return (int) HostMemory.loadLong(burst.segmentAddress(burst.firstSegment(chain)));
    }

    /** Works off all there is; returns the numbers in the order in which they were taken. */
    List<Integer> finish(DeviceHalf device) {
        List<Integer> taken = new ArrayList<>();
        ChainBurst burst = new ChainBurst(size, 4 * size);
        while (driver.outstanding() > 0) {
            burst.clear();
            int count = device.take(burst, 3);
            assertTrue(
                    count > 0,
                    () -> "no chain comes any more, " + device.fault() + ", taken " + taken + ", returned " + returned
                            + " of " + offered);
            for (int i = 0; i < count; i++) {
                taken.add(number(burst, i));
            }
            device.giveBack(burst, 0, count);
            device.publishUsed();
            reclaim();
        }
        assertEquals(RingFault.NONE, device.fault());
        return taken;
    }

    /** All numbers came back, once each, in order. */
    void assertAllReturnedInOrder() {
        assertAllReturnedInOrderUpTo(offered);
    }

    void assertAllReturnedInOrderUpTo(int count) {
        assertEquals(IntStream.range(0, count).boxed().toList(), returned);
    }
}
