package io.annulet.memory;

import static io.annulet.memory.ArenaRegions.USER_OFFSET;
import static io.annulet.memory.GuestMemory.UNMAPPED;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class GuestMemoryTest {

    private static final long PAGE = 4096;

    private static Region region(long guestAddress, long byteLength, long hostAddress) {
        return new Region(guestAddress, guestAddress + USER_OFFSET, byteLength, hostAddress);
    }

    @Test
    void anEmptyTableMapsNothing() {
        assertEquals(0, GuestMemory.EMPTY.regionCount());
        assertEquals(UNMAPPED, GuestMemory.EMPTY.hostAddressOfGuest(0, 1));
        assertEquals(UNMAPPED, GuestMemory.EMPTY.hostAddressOfUser(0, 1));
    }

    @Test
    void findsEachAddressSpaceByItself() {
        GuestMemory memory = GuestMemory.of(List.of(new Region(0x1000, 0x5000, PAGE, 0x9_0000)));
        assertEquals(0x9_0010, memory.hostAddressOfGuest(0x1010, 16));
        assertEquals(0x9_0010, memory.hostAddressOfUser(0x5010, 16));
    }

    @Test
    void b12AUserAddressIsNoGuestAddressNorTheReverse() {
        GuestMemory memory = GuestMemory.of(List.of(new Region(0x1000, 0x5000, PAGE, 0x9_0000)));
        assertEquals(UNMAPPED, memory.hostAddressOfGuest(0x5010, 16));
        assertEquals(UNMAPPED, memory.hostAddressOfUser(0x1010, 16));
    }

    @Test
    void b04MapsNothingInAHoleNorAcrossItsEdge() {
        GuestMemory memory = GuestMemory.of(List.of(region(0, PAGE, 0x10_0000), region(2 * PAGE, PAGE, 0x20_0000)));
        assertEquals(0x10_0000 + PAGE - 1, memory.hostAddressOfGuest(PAGE - 1, 1));
        assertEquals(UNMAPPED, memory.hostAddressOfGuest(PAGE - 1, 2));
        assertEquals(UNMAPPED, memory.hostAddressOfGuest(PAGE, 1));
        assertEquals(UNMAPPED, memory.hostAddressOfGuest(2 * PAGE - 1, 2));
        assertEquals(0x20_0000, memory.hostAddressOfGuest(2 * PAGE, PAGE));
        assertEquals(UNMAPPED, memory.hostAddressOfGuest(3 * PAGE, 1));
    }

    @Test
    void b05WhatMustBeInOnePieceDoesNotCrossIntoTheNextRegion() {
        // Adjacent for the guest and even in this process: still two files that could be mapped apart at any time.
        GuestMemory memory = GuestMemory.of(List.of(region(0, PAGE, 0x10_0000), region(PAGE, PAGE, 0x10_0000 + PAGE)));
        assertEquals(UNMAPPED, memory.hostAddressOfGuest(PAGE - 8, 16));
        assertEquals(UNMAPPED, memory.hostAddressOfUser(USER_OFFSET + PAGE - 8, 16));
        assertEquals(0x10_0000 + PAGE - 8, memory.hostAddressOfGuest(PAGE - 8, 8));
        assertEquals(0x10_0000 + PAGE - 8, memory.hostAddressOfUser(USER_OFFSET + PAGE - 8, 8));
    }

    @Test
    void c08NothingIsMappedAtLengthZeroNorBelow() {
        GuestMemory memory = GuestMemory.of(List.of(region(0, PAGE, 0x10_0000)));
        assertEquals(UNMAPPED, memory.hostAddressOfGuest(16, 0));
        assertEquals(UNMAPPED, memory.hostAddressOfUser(USER_OFFSET + 16, 0));
        assertEquals(UNMAPPED, memory.hostAddressOfGuest(16, -1));
        assertEquals(UNMAPPED, memory.hostAddressOfUser(USER_OFFSET + 16, Long.MIN_VALUE));
    }

    @Test
    void mapsARegionThatEndsAtTheTopOfTheAddressSpace() {
        GuestMemory memory =
                GuestMemory.of(List.of(new Region(-PAGE, -PAGE, PAGE, 0x10_0000), new Region(0, 0, PAGE, 0x20_0000)));
        assertEquals(0x10_0000 + PAGE - 1, memory.hostAddressOfGuest(-1, 1));
        assertEquals(0x10_0000 + PAGE - 1, memory.hostAddressOfUser(-1, 1));
        assertEquals(0x20_0000, memory.hostAddressOfGuest(0, 1));
    }

    @Test
    void b06MapsNoRangeThatWraps() {
        GuestMemory memory =
                GuestMemory.of(List.of(new Region(-PAGE, -PAGE, PAGE, 0x10_0000), new Region(0, 0, PAGE, 0x20_0000)));
        assertEquals(UNMAPPED, memory.hostAddressOfGuest(-16, 32));
        assertEquals(UNMAPPED, memory.hostAddressOfUser(-16, 32));
        assertEquals(UNMAPPED, memory.hostAddressOfGuest(0xffff_ffff_ffff_fff0L, 32));
    }

    @Test
    void b07RefusesOverlapInGuestAddresses() {
        List<Region> regions =
                List.of(new Region(0, 0x10_0000, 2 * PAGE, 0x10_0000), new Region(PAGE, 0x20_0000, PAGE, 0x20_0000));
        assertThrows(IllegalArgumentException.class, () -> GuestMemory.of(regions));
    }

    @Test
    void b07RefusesOverlapInUserAddresses() {
        List<Region> regions =
                List.of(new Region(0, 0x10_0000, PAGE, 0x10_0000), new Region(PAGE, 0x10_0fff, PAGE, 0x20_0000));
        assertThrows(IllegalArgumentException.class, () -> GuestMemory.of(regions));
    }

    @Test
    void b07RefusesASmallRegionInsideALargeOneWithOthersBetween() {
        List<Region> regions = List.of(
                new Region(0, 0, 100 * PAGE, 0x100_0000),
                new Region(200 * PAGE, 200 * PAGE, PAGE, 0x200_0000),
                new Region(50 * PAGE, 300 * PAGE, PAGE, 0x300_0000));
        assertThrows(IllegalArgumentException.class, () -> GuestMemory.of(regions));
    }

    @Test
    void b01Takes509RegionsAndNotOneMore() {
        List<Region> regions = manyRegions(GuestMemory.MAX_REGIONS);
        assertEquals(509, GuestMemory.of(regions).regionCount());
        assertThrows(IllegalArgumentException.class, () -> GuestMemory.of(manyRegions(510)));
    }

    @Test
    void findsEveryByteOf509RegionsInAnyOrder() {
        List<Region> regions = manyRegions(GuestMemory.MAX_REGIONS);
        Collections.shuffle(regions, new Random(1));
        GuestMemory memory = GuestMemory.of(regions);
        for (Region region : regions) {
            long guest = region.guestAddress();
            long last = region.byteLength() - 1;
            assertEquals(region.hostAddress(), memory.hostAddressOfGuest(guest, region.byteLength()));
            assertEquals(region.hostAddress() + last, memory.hostAddressOfGuest(guest + last, 1));
            assertEquals(region.hostAddress() + last, memory.hostAddressOfUser(guest + USER_OFFSET + last, 1));
            assertEquals(UNMAPPED, memory.hostAddressOfGuest(guest + last + 1, 1));
            assertEquals(UNMAPPED, memory.hostAddressOfGuest(guest - 1, 1));
        }
    }

    @Test
    void listsRegionsByGuestAddressHighOnesLast() {
        Region low = region(0, PAGE, 0x10_0000);
        Region high = new Region(Long.MIN_VALUE, 0, PAGE, 0x20_0000);
        assertEquals(List.of(low, high), GuestMemory.of(List.of(high, low)).regions());
    }

    /** Regions of one to seven pages with a hole of one page behind each. */
    private static List<Region> manyRegions(int count) {
        List<Region> regions = new ArrayList<>();
        long guestAddress = PAGE;
        for (int i = 0; i < count; i++) {
            long byteLength = (1 + i % 7) * PAGE;
            regions.add(region(guestAddress, byteLength, 0x1_0000_0000L + 16 * PAGE * i));
            guestAddress += byteLength + PAGE;
        }
        return regions;
    }
}
