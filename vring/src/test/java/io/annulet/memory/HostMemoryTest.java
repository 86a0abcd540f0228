package io.annulet.memory;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;

class HostMemoryTest {

    private static final int GUARD = 64;

    private final MemorySegment memory = ArenaRegions.allocate(8192);
    private final long address = HostMemory.addressOf(memory);

    @Test
    void valuesAreLittleEndian() {
        HostMemory.storeLong(address, 0x8877_6655_4433_22f1L);
        byte[] expected = {(byte) 0xf1, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, (byte) 0x88};
        assertArrayEquals(expected, memory.asSlice(0, 8).toArray(JAVA_BYTE));
        assertEquals(0x22f1, HostMemory.loadShort(address));
        assertEquals(0x3322, HostMemory.loadShortUnaligned(address + 1));
        assertEquals(0x8877, HostMemory.loadShortAcquire(address + 6));
        assertEquals(0x8877_6655_4433_22f1L, HostMemory.loadLong(address));
    }

    @Test
    void smallValuesAreUnsigned() {
        HostMemory.storeLong(address, -1);
        assertEquals(0xff, HostMemory.loadByte(address));
        assertEquals(0xffff, HostMemory.loadShort(address));
        assertEquals(0xffff, HostMemory.loadShortUnaligned(address + 1));
        assertEquals(0xffff, HostMemory.loadShortAcquire(address));
    }

    @Test
    void storesChangeTheirOwnBytesAlone() {
        HostMemory.storeShort(address + 2, 0x1_2345);
        HostMemory.storeShortUnaligned(address + 9, 0x6789);
        HostMemory.storeByte(address + 16, 0x1ff);
        assertEquals(0x2345_0000L, HostMemory.loadLong(address));
        assertEquals(0x67_8900L, HostMemory.loadLong(address + 8));
        assertEquals(0xffL, HostMemory.loadLong(address + 16));
        HostMemory.storeLong(address + 33, -1);
        assertEquals(0xffff_ffff_ffff_ff00L, HostMemory.loadLong(address + 32));
        assertEquals(0xff, HostMemory.loadLong(address + 40));
    }

    @Test
    void copiesEveryLengthAtEveryAlignmentAndNotAByteMore() {
        byte[] content = new byte[8192];
        new Random(3).nextBytes(content);
        for (int byteLength = 0; byteLength <= 200; byteLength++) {
            for (int misalignment = 0; misalignment < 8; misalignment++) {
                MemorySegment.copy(content, 0, memory, JAVA_BYTE, 0, content.length);
                int from = GUARD + misalignment;
                int to = 4096 + (7 * misalignment & 7);
                HostMemory.copy(address + from, address + to, byteLength);
                byte[] expected = content.clone();
                System.arraycopy(content, from, expected, to, byteLength);
                assertArrayEquals(expected, memory.toArray(JAVA_BYTE));
            }
        }
    }

    @Test
    void zeroesEveryLengthAndNotAByteMore() {
        byte[] content = new byte[512];
        new Random(3).nextBytes(content);
        for (int byteLength = 0; byteLength <= 200; byteLength++) {
            MemorySegment.copy(content, 0, memory, JAVA_BYTE, 0, content.length);
            HostMemory.zero(address + GUARD + 1, byteLength);
            byte[] expected = content.clone();
            Arrays.fill(expected, GUARD + 1, GUARD + 1 + byteLength, (byte) 0);
            assertArrayEquals(expected, memory.asSlice(0, content.length).toArray(JAVA_BYTE));
        }
    }

    @Test
    void zeroesMoreThanItsOwnPageOfZeros() {
        MemorySegment large = ArenaRegions.allocate(10_000).fill((byte) 0x55);
        HostMemory.zero(large.address() + 1, 9_998);
        byte[] expected = new byte[10_000];
        expected[0] = 0x55;
        expected[9_999] = 0x55;
        assertArrayEquals(expected, large.toArray(JAVA_BYTE));
    }

    @Test
    void aHeapSegmentHasNoAddress() {
        MemorySegment heap = MemorySegment.ofArray(new byte[8]);
        assertThrows(IllegalArgumentException.class, () -> HostMemory.addressOf(heap));
    }
}
