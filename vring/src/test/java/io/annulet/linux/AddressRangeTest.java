package io.annulet.linux;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.annulet.memory.HostMemory;
import org.junit.jupiter.api.Test;

/** Several mappings, one right behind the other. */
final class AddressRangeTest {

    private static final long FRESH_BYTES = 3 * 4096;
    private static final long FILE_BYTES = 5 * 4096;
    private static final long HUGE_PAGE_BYTES = 2 << 20;

    @Test
    void aFileFollowsFreshMemoryAndIsSharedWithItsOtherUsers() {
        try (Fd file = Memfd.create("address-range", FILE_BYTES, false);
                Mapping other = Mapping.map(file, 0, FILE_BYTES, Mapping.Protection.READ_WRITE);
                AddressRange range = AddressRange.of(FRESH_BYTES, 2 * FILE_BYTES, 4096)) {
            assertEquals(FRESH_BYTES, range.append(file, 0, FILE_BYTES));
            assertEquals(FRESH_BYTES + FILE_BYTES, range.append(file, 4096, FILE_BYTES - 4096));
            HostMemory.storeByte(range.address() + FRESH_BYTES - 1, (byte) 1);
            HostMemory.storeByte(range.address() + FRESH_BYTES + 4096, (byte) 2);
            assertEquals(2, HostMemory.loadByte(other.address() + 4096));
            assertEquals(2, HostMemory.loadByte(range.address() + FRESH_BYTES + FILE_BYTES), "the same page once more");
            assertEquals(FRESH_BYTES + 2 * FILE_BYTES - 4096, range.byteLength());
            assertThrows(IllegalArgumentException.class, () -> range.append(file, 0, FILE_BYTES));
        }
    }

    @Test
    void filesOfLargePagesBeginWhereTheyHaveTo() {
        try (AddressRange range = AddressRange.of(FRESH_BYTES, HUGE_PAGE_BYTES, HUGE_PAGE_BYTES)) {
            assertEquals(0, (range.address() + FRESH_BYTES) % HUGE_PAGE_BYTES);
        }
    }
}
