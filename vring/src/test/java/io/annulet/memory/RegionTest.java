package io.annulet.memory;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

class RegionTest {

    private static final long TOP = -4096;

    @Test
    void mayEndExactlyAtTheTopOfTheAddressSpace() {
        Region region = new Region(TOP, TOP, 4096, 4096);
        assertTrue(region.containsGuest(TOP, 4096));
        assertTrue(region.containsGuest(-1, 1));
        assertTrue(region.containsUser(-16, 16));
    }

    @Test
    void b02RefusesALengthThatIsNotPositive() {
        assertThrows(IllegalArgumentException.class, () -> new Region(0, 0, 0, 4096));
        assertThrows(IllegalArgumentException.class, () -> new Region(0, 0, -1, 4096));
        assertThrows(IllegalArgumentException.class, () -> new Region(0, 0, Long.MIN_VALUE, 4096));
    }

    @Test
    void b02RefusesEachRangeThatWraps() {
        assertThrows(IllegalArgumentException.class, () -> new Region(TOP, 0, 4097, 4096));
        assertThrows(IllegalArgumentException.class, () -> new Region(0, TOP, 4097, 4096));
        assertThrows(IllegalArgumentException.class, () -> new Region(0, 0, 4097, TOP));
        assertThrows(IllegalArgumentException.class, () -> new Region(-1, 0, Long.MAX_VALUE, 4096));
    }

    @Test
    void namesTheRangeThatWraps() {
        String message = assertThrows(IllegalArgumentException.class, () -> new Region(0, TOP, 8192, 4096))
                .getMessage();
        assertEquals("the user address range of a region wraps", message);
    }

    @Test
    void b04ContainsWhatEndsAtItsEndAndNothingOneByteFurther() {
        Region region = new Region(0x1000, 0x9000, 0x1000, 4096);
        assertTrue(region.containsGuest(0x1ff0, 16));
        assertFalse(region.containsGuest(0x1ff0, 17));
        assertFalse(region.containsGuest(0x2000, 1));
        assertFalse(region.containsGuest(0xfff, 1));
        assertFalse(region.containsGuest(0xfff, 2));
        assertTrue(region.containsUser(0x9ff0, 16));
        assertFalse(region.containsUser(0x9ff0, 17));
        assertFalse(region.containsUser(0x1ff0, 16));
    }

    @Test
    void b06ContainsNoRangeThatWraps() {
        Region low = new Region(0, 0, 4096, 4096);
        Region high = new Region(TOP, TOP, 4096, 4096);
        assertFalse(high.containsGuest(-16, 32));
        assertFalse(low.containsGuest(-16, 32));
        assertFalse(low.containsGuest(0, -1));
        assertFalse(high.containsGuest(-1, -1));
        assertFalse(low.containsGuest(8, Long.MIN_VALUE));
    }

    @Test
    void b07OverlapsItselfAndAllThatSharesAByte() {
        Region region = new Region(0x2000, 0x2000, 0x1000, 4096);
        assertTrue(region.overlapsGuest(region));
        assertTrue(region.overlapsGuest(new Region(0x1000, 0, 0x1001, 4096)));
        assertTrue(region.overlapsGuest(new Region(0x2fff, 0, 1, 4096)));
        assertTrue(region.overlapsGuest(new Region(0, 0, 0x10000, 4096)));
        assertTrue(region.overlapsUser(new Region(0, 0x2800, 8, 4096)));
    }

    @Test
    void doesNotOverlapItsNeighbours() {
        Region region = new Region(0x2000, 0x2000, 0x1000, 4096);
        assertFalse(region.overlapsGuest(new Region(0x1000, 0x2000, 0x1000, 4096)));
        assertFalse(region.overlapsGuest(new Region(0x3000, 0x2000, 0x1000, 4096)));
        assertFalse(region.overlapsUser(new Region(0x2000, 0x3000, 0x1000, 4096)));
        assertFalse(new Region(TOP, 0, 4096, 4096).overlapsGuest(new Region(0, 0, 4096, 4096)));
    }
}
