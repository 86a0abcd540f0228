package io.annulet.vring;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.annulet.memory.ArenaRegions;
import io.annulet.memory.HostMemory;
import java.lang.foreign.MemorySegment;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** VIRTIO 1.2, "Split Virtqueues" and "The Virtqueue Descriptor Table" to "The Virtqueue Used Ring", byte by byte. */
class SplitRingLayoutSpecTest {

    private static final int SIZE = 4;

    private final MemorySegment descriptors = ArenaRegions.allocate(16 * SIZE);
    private final MemorySegment avail = ArenaRegions.allocate(4 + 2 * SIZE + 2);
    private final MemorySegment used = ArenaRegions.allocate(4 + 8 * SIZE + 2);
    private final SplitRing ring = new SplitRing(descriptors.address(), avail.address(), used.address(), SIZE);

    private static void assertBytes(MemorySegment memory, int... expected) {
        byte[] bytes = new byte[expected.length];
        for (int i = 0; i < expected.length; i++) {
            bytes[i] = (byte) expected[i];
        }
        assertArrayEquals(bytes, memory.toArray(JAVA_BYTE));
    }

    @Test
    void aDescriptorIsAddressLengthFlagsNextInLittleEndian() {
        ring.descriptor(1, 0x1122_3344_5566_7788L, SplitRing.detail(0xaabb_ccddL, 0x0102, 0x0304));
        assertBytes(
                descriptors.asSlice(16, 16),
                0x88,
                0x77,
                0x66,
                0x55,
                0x44,
                0x33,
                0x22,
                0x11,
                0xdd,
                0xcc,
                0xbb,
                0xaa,
                0x02,
                0x01,
                0x04,
                0x03);
        assertBytes(descriptors.asSlice(0, 16), new int[16]);
        assertEquals(0x1122_3344_5566_7788L, ring.descriptorAddress(1));
        long detail = ring.descriptorDetail(1);
        assertEquals(0xaabb_ccddL, SplitRing.byteLength(detail));
        assertEquals(0x0102, SplitRing.flags(detail));
        assertEquals(0x0304, SplitRing.next(detail));
    }

    @Test
    void descriptorFieldsDoNotSpillIntoEachOther() {
        long detail = SplitRing.detail(0xffff_ffffL, 0, 0xffff);
        assertEquals(0xffff_ffffL, SplitRing.byteLength(detail));
        assertEquals(0, SplitRing.flags(detail));
        assertEquals(0xffff, SplitRing.next(detail));
        assertEquals(0xffff, SplitRing.flags(SplitRing.detail(0, 0xffff, 0)));
        assertEquals(0xffff_ffffL, SplitRing.byteLength(SplitRing.detail(-1, 0, 0)));
        assertEquals(0, SplitRing.next(SplitRing.detail(-1, 0xffff, 0)));
    }

    @Test
    void theAvailableRingIsFlagsIndexHeadsUsedEvent() {
        ring.availFlags(0x0201);
        ring.availIndexRelease(0x0403);
        for (int i = 0; i < SIZE; i++) {
            ring.availHead(i, 0x1110 + i);
        }
        ring.usedEvent(0x0605);
        assertBytes(avail, 1, 2, 3, 4, 0x10, 0x11, 0x11, 0x11, 0x12, 0x11, 0x13, 0x11, 5, 6);
        assertEquals(0x0201, ring.availFlags());
        assertEquals(0x0403, ring.availIndexAcquire());
        assertEquals(0x1112, ring.availHead(2));
        assertEquals(0x0605, ring.usedEvent());
    }

    @Test
    void theUsedRingIsFlagsIndexElementsAvailEvent() {
        ring.usedFlags(0x0201);
        ring.usedIndexRelease(0x0403);
        for (int i = 0; i < SIZE; i++) {
            ring.usedElement(i, 0xa0 + i, 0xb1b2_b3b0L + i);
        }
        ring.availEvent(0x0605);
        assertBytes(used.asSlice(0, 12), 1, 2, 3, 4, 0xa0, 0, 0, 0, 0xb0, 0xb3, 0xb2, 0xb1);
        assertBytes(used.asSlice(28, 10), 0xa3, 0, 0, 0, 0xb3, 0xb3, 0xb2, 0xb1, 5, 6);
        assertEquals(0x0201, ring.usedFlags());
        assertEquals(0x0403, ring.usedIndexAcquire());
        assertEquals(0x0403, HostMemory.loadShort(ring.usedIndexAddress()));
        assertEquals(0xb1b2_b3b2_0000_00a2L, ring.usedElement(2));
        assertEquals(0x0605, ring.availEvent());
    }

    @Test
    void everyIndexFallsOnTheSlotOfItsLowBits() {
        ring.availHead(65_535, 7);
        assertEquals(7, ring.availHead(3));
        ring.usedElement(65_534, 9, 0);
        assertEquals(9, ring.usedElement(2));
        ring.descriptor(0xffff, 5, 6);
        assertEquals(5, ring.descriptorAddress(3));
        assertEquals(6, ring.descriptorDetail(3));
    }

    @Test
    void extentsAreThoseOfTheSpecWithTheEventFields() {
        assertEquals(16 * 256, SplitRing.descriptorTableBytes(256));
        assertEquals(6 + 2 * 256, SplitRing.availBytes(256));
        assertEquals(6 + 8 * 256, SplitRing.usedBytes(256));
        assertEquals(6 + 8 * 32_768, SplitRing.usedBytes(32_768));
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 4, 256, 1024, 32_768})
    void a10TakesPowersOfTwoAsSizes(int size) {
        assertTrue(SplitRing.isValidSize(size));
    }

    @ParameterizedTest
    @ValueSource(
            longs = {0, 3, 7, 1000, 32_769, 65_535, 65_536, 0x8000_0000L, 0x1_0000_0000L, 0x1_0000_0100L, -1, -256})
    void a10RefusesAllOtherSizes(long size) {
        assertFalse(SplitRing.isValidSize(size));
    }

    @Test
    void aRingOfNoValidSizeIsNotMade() {
        assertThrows(IllegalArgumentException.class, () -> new SplitRing(4096, 4096, 4096, 3));
        assertThrows(IllegalArgumentException.class, () -> new SplitRing(4096, 4096, 4096, 0));
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 4, 8, 15})
    void b11RefusesADescriptorTableThatIsNotAlignedTo16(int offset) {
        assertThrows(IllegalArgumentException.class, () -> new SplitRing(4096 + offset, 4096, 4096, SIZE));
    }

    @Test
    void b11RefusesAnAvailableRingAtAnOddAddress() {
        assertThrows(IllegalArgumentException.class, () -> new SplitRing(4096, 4097, 4096, SIZE));
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3})
    void b11RefusesAUsedRingThatIsNotAlignedTo4(int offset) {
        assertThrows(IllegalArgumentException.class, () -> new SplitRing(4096, 4096, 4096 + offset, SIZE));
    }

    @Test
    void theSmallestAlignmentsThatTheSpecAllowsWork() {
        SplitRing aligned = new SplitRing(descriptors.address() + 16, avail.address() + 2, used.address() + 4, 2);
        aligned.descriptor(1, 1, 2);
        aligned.usedElement(1, 3, 4);
        aligned.availIndexRelease(5);
        assertEquals(1, aligned.descriptorAddress(1));
        assertEquals(4L << 32 | 3, aligned.usedElement(1));
        assertEquals(5, aligned.availIndexAcquire());
    }

    @Test
    void ringFeaturesAreBits28And29And35() {
        assertEquals(new RingFeatures(false, false), RingFeatures.of(~(3L << 28 | 1L << 35)));
        assertEquals(new RingFeatures(false, false, true), RingFeatures.of(1L << 35));
        assertEquals(new RingFeatures(false, true), RingFeatures.of(1L << 28));
        assertEquals(new RingFeatures(true, false), RingFeatures.of(1L << 29));
    }
}
