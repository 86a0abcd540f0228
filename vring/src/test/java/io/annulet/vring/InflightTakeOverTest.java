package io.annulet.vring;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.management.ThreadMXBean;
import io.annulet.memory.HostMemory;
import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** In-flight memory between devices that are not of the same make, and what is in it step by step. */
final class InflightTakeOverTest {

    private static final int SIZE = 8;

    /**
     * A device that gives chains of a split ring back in any order, and notes them word for word as the text has it. From
     * vhost-user, QEMU 10, "Inflight I/O tracking".
     */
    private static final class OtherSplitDevice {
        final InflightWorld world;
        final SplitRing ring;
        int takenIndex;
        int usedIndex;
        long counter = 1000;
        int lastBatchHead;

        OtherSplitDevice(InflightWorld world) {
            this.world = world;
            this.ring = (SplitRing) world.ring;
            this.takenIndex = world.start;
            this.usedIndex = world.start;
            HostMemory.storeShort(world.region + 8, 1);
            HostMemory.storeShort(world.region + 10, SIZE);
            HostMemory.storeShort(world.region + 14, usedIndex);
        }

        private long entry(int head) {
            return world.region + 16 + 16L * head;
        }

        int take() {
            int head = ring.availHead(takenIndex++ & 0xffff);
            HostMemory.storeLong(entry(head) + 8, counter++);
            HostMemory.storeByte(entry(head), 1);
            return head;
        }

        void link(int head) {
            HostMemory.storeShort(entry(head) + 6, lastBatchHead);
            HostMemory.storeShort(world.region + 12, head);
            lastBatchHead = head;
        }

        void use(int... heads) {
            for (int head : heads) {
                link(head);
                ring.usedElement(usedIndex, head, 0);
                usedIndex = Index16.plus(usedIndex, 1);
            }
            ring.usedIndexRelease(usedIndex);
        }

        void land(int... heads) {
            for (int head : heads) {
                HostMemory.storeByte(entry(head), 0);
            }
            HostMemory.storeShort(world.region + 14, usedIndex);
        }
    }

    /** Later heads have taken the place of earlier ones in the available ring, which are still in flight. */
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void chainsOfASplitRingThatWereGivenBackOutOfOrderAreNotTakenAgain(boolean landed) {
        InflightWorld world = new InflightWorld(false, SIZE);
        OtherSplitDevice other = new OtherSplitDevice(world);
        List<Integer> heads = new ArrayList<>();
        for (int i = 0; i < 5; i++) {
            world.offer();
            heads.add(other.take());
        }
        other.use(heads.get(3), heads.get(1));
        other.land(heads.get(3), heads.get(1));
        world.reclaim();
        for (int i = 0; i < 2; i++) {
            world.offer();
        }
        heads.add(other.take());
        other.use(heads.get(4));
        if (landed) {
            other.land(heads.get(4));
        }
        world.reclaim();
        assertEquals(List.of(3, 1, 4), world.returned);
        assertEquals(List.of(0, 2, 5, 6), world.finish(world.nextDevice(InflightWords.PLAIN)));
        assertEquals(List.of(3, 1, 4, 0, 2, 5, 6), world.returned);
    }

    /** As {@link OtherSplitDevice}, for chains of one or two descriptors. */
    private static final class OtherPackedDevice {
        final InflightWorld world;
        final PackedRing ring;
        int takenPosition = PackedPosition.START;
        int usedPosition = PackedPosition.START;
        long counter;
        int free;

        OtherPackedDevice(InflightWorld world) {
            this.world = world;
            this.ring = (PackedRing) world.ring;
            HostMemory.storeShort(world.region + 8, 1);
            HostMemory.storeShort(world.region + 10, SIZE);
            for (int i = 0; i < SIZE; i++) {
                HostMemory.storeShort(entry(i) + 2, i + 1);
            }
            HostMemory.storeShort(world.region + 20, 0x101);
        }

        private long entry(int index) {
            return world.region + 32 + 32L * index;
        }

        private int u16(long address) {
            return HostMemory.loadShort(address);
        }

        /** Returns the entry of the chain. */
        int take() {
            int oldFree = free;
            HostMemory.storeShort(entry(oldFree) + 6, 0);
            HostMemory.storeLong(entry(oldFree) + 8, counter++);
            HostMemory.storeByte(entry(oldFree), 1);
            boolean goesOn = true;
            while (goesOn) {
                int slot = PackedPosition.slot(takenPosition);
                long detail = ring.descriptorDetail(slot);
                goesOn = (PackedRing.flags(detail) & PackedRing.FLAG_NEXT) != 0;
                HostMemory.storeShort(entry(oldFree) + 4, free);
                HostMemory.storeShort(entry(oldFree) + 6, u16(entry(oldFree) + 6) + 1);
                HostMemory.storeLong(entry(free) + 24, ring.descriptorAddress(slot));
                HostMemory.storeShort(entry(free) + 16, PackedRing.id(detail));
                HostMemory.storeShort(entry(free) + 18, PackedRing.flags(detail));
                HostMemory.storeShort(entry(free) + 20, (int) PackedRing.byteLength(detail));
                free = u16(entry(free) + 2);
                HostMemory.storeShort(world.region + 12, free);
                takenPosition = PackedPosition.plus(takenPosition, 1, SIZE);
            }
            HostMemory.storeShort(world.region + 14, free);
            return oldFree;
        }

        void use(int chain, boolean made) {
            int last = u16(entry(chain) + 4);
            int id = u16(entry(last) + 16);
            int count = u16(entry(chain) + 6);
            HostMemory.storeShort(entry(last) + 2, free);
            free = chain;
            HostMemory.storeShort(world.region + 12, free);
            int old = usedPosition;
            usedPosition = PackedPosition.plus(usedPosition, count, SIZE);
            HostMemory.storeShort(world.region + 16, PackedPosition.slot(usedPosition));
            HostMemory.storeByte(world.region + 20, PackedPosition.wrap(usedPosition) ? 1 : 0);
            if (made) {
                int flags = PackedRing.usedFlags(PackedPosition.wrap(old));
                ring.descriptorDetailRelease(PackedPosition.slot(old), PackedRing.detail(0, id, flags));
            }
        }

        void land(int chain) {
            HostMemory.storeByte(entry(chain), 0);
            HostMemory.storeShort(world.region + 14, free);
            HostMemory.storeShort(world.region + 18, PackedPosition.slot(usedPosition));
            HostMemory.storeByte(world.region + 21, PackedPosition.wrap(usedPosition) ? 1 : 0);
        }
    }

    @ParameterizedTest
    @CsvSource({"true, true", "true, false", "false, false"})
    void chainsOfAPackedRingThatWereGivenBackOutOfOrderAreNotTakenAgain(boolean made, boolean landed) {
        InflightWorld world = new InflightWorld(true, SIZE);
        OtherPackedDevice other = new OtherPackedDevice(world);
        List<Integer> chains = new ArrayList<>();
        for (int i = 0; i < 4; i++) {
            world.offer();
            chains.add(other.take());
        }
        other.use(chains.get(2), true);
        other.land(chains.get(2));
        other.use(chains.get(1), true);
        other.land(chains.get(1));
        world.reclaim();
        world.offer();
        other.use(chains.get(3), made);
        if (landed) {
            other.land(chains.get(3));
        }
        world.reclaim();
        List<Integer> before = made ? List.of(2, 1, 3) : List.of(2, 1);
        List<Integer> after = made ? List.of(0, 4) : List.of(0, 3, 4);
        assertEquals(before, world.returned);
        assertEquals(after, world.finish(world.nextDevice(InflightWords.PLAIN)));
        assertEquals(Stream.concat(before.stream(), after.stream()).toList(), world.returned);
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void whatIsTakenIsInFlightUntilItIsShown(boolean packed) {
        InflightWorld world = new InflightWorld(packed, SIZE);
        NotedHalf device = world.firstDevice(InflightWords.PLAIN);
        ChainBurst burst = new ChainBurst(SIZE, SIZE);
        for (int i = 0; i < 3; i++) {
            world.offer();
        }
        while (burst.count() < 3) {
            assertTrue(device.take(burst, 3) > 0);
        }
        assertEquals(3, inFlight(world));
        device.notePassing(3);
        assertEquals(3, Objects.requireNonNull(world.read()).passedChains());
        device.giveBack(burst, 0, 2);
        assertEquals(3, inFlight(world));
        device.publishUsed();
        assertEquals(1, inFlight(world));
        device.abandon();
        assertEquals(1, inFlight(world));
        world.reclaim();
        world.assertAllReturnedInOrderUpTo(2);
        assertEquals(List.of(2), world.finish(device));
        assertEquals(0, inFlight(world));
    }

    private static int inFlight(InflightWorld world) {
        return Objects.requireNonNull(world.read()).chains().size();
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void nothingIsAllocatedPerChain(boolean packed) {
        InflightWorld world = new InflightWorld(packed, 64);
        NotedHalf device = world.firstDevice(InflightWords.PLAIN);
        ChainBurst burst = new ChainBurst(64, 64);
        Runnable round = () -> {
            for (int i = 0; i < 32; i++) {
                world.driver.offer(32_768 + 64L * i, 64, false);
            }
            world.driver.publishAvail();
            burst.clear();
            int taken = device.take(burst, 32);
            device.untake(2);
            burst.truncate(taken - 2);
            taken = taken - 2 + device.take(burst, 2);
            device.notePassing(taken);
            device.giveBack(burst, 0, taken);
            device.publishUsed();
            while (world.driver.takeUsed() != DriverHalf.NOTHING) {
                // on to the last one
            }
        };
        for (int i = 0; i < 5_000; i++) {
            round.run();
        }
        ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        long before = threads.getCurrentThreadAllocatedBytes();
        for (int i = 0; i < 5_000; i++) {
            round.run();
        }
        long allocated = threads.getCurrentThreadAllocatedBytes() - before;
        assertEquals(0, allocated / 5_000, allocated + " bytes allocated for 160,000 chains");
    }

    @Test
    void aRegionThatNobodyBeganHasNothing() {
        assertNull(new InflightWorld(false, SIZE).read());
    }
}
