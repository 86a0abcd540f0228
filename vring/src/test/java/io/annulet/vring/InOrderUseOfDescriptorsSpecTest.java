package io.annulet.vring;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.annulet.memory.HostMemory;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import org.junit.jupiter.api.Test;

/** VIRTIO 1.2, "In-order use of descriptors", as the driver has to follow it. */
final class InOrderUseOfDescriptorsSpecTest {

    private static final int SIZE = 8;
    private static final RingFeatures FEATURES = new RingFeatures(false, true, true);
    private static final long BUFFER = 0x4000;

    private final MemorySegment memory = Arena.ofAuto().allocate(4096, 64);
    private final long at = HostMemory.addressOf(memory);

    // Split rings.

    private final SplitRing split = new SplitRing(at, at + 1024, at + 2048, SIZE);
    private final SplitDriverHalf splitDriver = new SplitDriverHalf(split, FEATURES, 0);

    @Test
    void theDriverTakesDescriptorsInRingOrderAndWraps() {
        for (int frame = 0; frame < 3 * SIZE; frame++) {
            int head = splitDriver.offer(BUFFER, 64, false);
            assertEquals(frame % SIZE, head);
            splitDriver.publishAvail();
            split.usedElement(frame, head, 0);
            split.usedIndexRelease(frame + 1);
            assertEquals(head, splitDriver.takeUsed());
        }
    }

    @Test
    void chainsTakeDescriptorsInRingOrderToo() {
        long[] addresses = {BUFFER, BUFFER, BUFFER};
        int[] byteLengths = {12, 100, 200};
        int used = 0;
        for (int head : new int[] {0, 3, 6, 1, 4, 7}) {
            assertEquals(head, splitDriver.offerChain(addresses, byteLengths, 3, 3));
            assertEquals((head + 1) % SIZE, SplitRing.next(split.descriptorDetail(head)));
            splitDriver.publishAvail();
            split.usedElement(used, head, 0);
            split.usedIndexRelease(++used);
            assertEquals(head, splitDriver.takeUsed());
        }
    }

    @Test
    void oneUsedElementStandsForAllChainsUpToItsOwn() {
        for (int i = 0; i < 5; i++) {
            splitDriver.offer(BUFFER, 100 + i, true);
        }
        splitDriver.publishAvail();
        split.usedElement(0, 3, 77);
        split.usedIndexRelease(4);
        for (int i = 0; i < 4; i++) {
            assertEquals(i, splitDriver.takeUsed());
            assertEquals(i < 3 ? 100 + i : 77, splitDriver.writtenByteLength());
        }
        assertEquals(DriverHalf.NOTHING, splitDriver.takeUsed());
        split.usedElement(4, 4, 5);
        split.usedIndexRelease(5);
        assertEquals(4, splitDriver.takeUsed());
        assertEquals(SIZE, splitDriver.freeDescriptors());
    }

    @Test
    void aChainOutOfOrderIsRefused() {
        for (int i = 0; i < 3; i++) {
            splitDriver.offer(BUFFER, 64, false);
        }
        splitDriver.publishAvail();
        split.usedElement(0, 1, 0);
        split.usedIndexRelease(1);
        assertEquals(DriverHalf.NOT_OFFERED, splitDriver.takeUsed());
        split.usedElement(1, 7, 0);
        split.usedIndexRelease(2);
        assertEquals(DriverHalf.NOT_OFFERED, splitDriver.takeUsed());
    }

    // Packed rings.

    private final PackedRing packed = new PackedRing(at, at + 1024, at + 2048, SIZE);
    private final PackedDriverHalf packedDriver = new PackedDriverHalf(packed, FEATURES);

    @Test
    void oneUsedDescriptorStandsForAllChainsUpToItsOwn() {
        long[] addresses = {BUFFER, BUFFER};
        int[] byteLengths = {12, 100};
        boolean wrap = true;
        int slot = 0;
        for (int round = 0; round < 10; round++) {
            int[] ids = {
                packedDriver.offer(BUFFER, 50, true),
                packedDriver.offerChain(addresses, byteLengths, 2, 1),
                packedDriver.offer(BUFFER, 60, true)
            };
            packedDriver.publishAvail();
            packed.descriptorDetailRelease(slot, PackedRing.detail(33, ids[2], PackedRing.usedFlags(wrap)));
            int behind = (slot + 4) % SIZE;
            assertEquals(behind, PackedPosition.slot(packedDriver.devicePosition()), "used, and not yet taken back");
            long[] written = {50, 100, 33};
            for (int i = 0; i < 3; i++) {
                assertEquals(ids[i], packedDriver.takeUsed());
                assertEquals(written[i], packedDriver.writtenByteLength());
            }
            assertEquals(DriverHalf.NOTHING, packedDriver.takeUsed());
            assertEquals(SIZE, packedDriver.freeDescriptors());
            wrap ^= slot + 4 >= SIZE;
            slot = (slot + 4) % SIZE;
        }
    }
}
