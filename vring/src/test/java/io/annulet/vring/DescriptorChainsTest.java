package io.annulet.vring;

import static io.annulet.vring.RawRing.NEXT;
import static io.annulet.vring.RawRing.WRITE;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import io.annulet.memory.ArenaRegions;
import io.annulet.memory.Region;
import io.annulet.vring.TakenChain.Piece;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Chains of direct descriptors, as an attacker makes them; what is legal stands first. */
class DescriptorChainsTest {

    private static final int SIZE = 8;
    private static final long NOWHERE = 0xdead_0000_0000L;

    private final RawRing raw = new RawRing(SIZE);
    private final SplitDeviceHalf device = raw.device();
    private final ChainBurst burst = new ChainBurst(SIZE, 64);
    private final long buffers = raw.buffers();

    private Piece piece(long guestAddress, int byteLength) {
        return new Piece(raw.hostAddress(guestAddress), byteLength);
    }

    private TakenChain takeOne() {
        burst.clear();
        assertEquals(1, device.take(burst, 1));
        return TakenChain.of(burst, 0);
    }

    private void assertBroken(RingFault why) {
        burst.clear();
        assertEquals(SplitDeviceHalf.BROKEN, device.take(burst, SIZE));
        assertEquals(why, device.fault());
        assertEquals(0, burst.count());
    }

    private void assertFrameFault(ChainFault why, int head) {
        assertEquals(TakenChain.faulty(head, why), takeOne());
        assertEquals(RingFault.NONE, device.fault());
    }

    /** The queue still works: a legal chain with head 7 is taken next. */
    private void assertGoesOn() {
        raw.descriptor(7, buffers + 77, 60, 0, 0).available(7);
        assertEquals(new TakenChain(7, ChainFault.NONE, List.of(piece(buffers + 77, 60)), List.of()), takeOne());
    }

    @Test
    void oneReadableDescriptorIsAChain() {
        raw.descriptor(3, buffers, 64, 0, 0).available(3);
        assertEquals(new TakenChain(3, ChainFault.NONE, List.of(piece(buffers, 64)), List.of()), takeOne());
    }

    @Test
    void oneWritableDescriptorIsAChain() {
        raw.descriptor(3, buffers, 64, WRITE, 0).available(3);
        assertEquals(new TakenChain(3, ChainFault.NONE, List.of(), List.of(piece(buffers, 64))), takeOne());
    }

    @Test
    void aChainIsReadableBuffersThenWritableOnes() {
        raw.descriptor(5, buffers, 12, NEXT, 2)
                .descriptor(2, buffers + 100, 60, NEXT, 6)
                .descriptor(6, buffers + 200, 1, NEXT | WRITE, 0)
                .descriptor(0, buffers + 300, 1500, WRITE, 0)
                .available(5);
        TakenChain expected = new TakenChain(
                5,
                ChainFault.NONE,
                List.of(piece(buffers, 12), piece(buffers + 100, 60)),
                List.of(piece(buffers + 200, 1), piece(buffers + 300, 1500)));
        assertEquals(expected, takeOne());
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3, SIZE})
    void c01AChainThatNeverEndsBreaksTheRing(int cycleLength) {
        int entry = SIZE - cycleLength;
        for (int i = 0; i < SIZE; i++) {
            raw.descriptor(i, buffers, 1, NEXT, i + 1 < SIZE ? i + 1 : entry);
        }
        raw.available(entry);
        assertBroken(RingFault.CHAIN_TOO_LONG);
    }

    @Test
    void c01ACycleEnteredAfterThreeDescriptorsBreaksTheRing() {
        for (int i = 0; i < 5; i++) {
            raw.descriptor(i, buffers, 1, NEXT, i < 4 ? i + 1 : 3);
        }
        raw.available(0);
        assertBroken(RingFault.CHAIN_TOO_LONG);
    }

    @ParameterizedTest
    @ValueSource(ints = {SIZE, SIZE + 1, 0xffff})
    void c02ANextOutsideTheTableBreaksTheRing(int next) {
        raw.descriptor(0, buffers, 1, NEXT, 1)
                .descriptor(1, buffers, 1, NEXT, next)
                .available(0);
        assertBroken(RingFault.NEXT_OUT_OF_RANGE);
    }

    @ParameterizedTest
    @ValueSource(ints = {SIZE, SIZE + 1, 0xffff})
    void c02AHeadOutsideTheTableBreaksTheRing(int head) {
        raw.descriptor(0, buffers, 1, 0, 0).available(head);
        assertBroken(RingFault.HEAD_OUT_OF_RANGE);
    }

    @ParameterizedTest
    @ValueSource(ints = {SIZE, 0xffff})
    void c02ANextWithoutItsFlagIsNotLookedAt(int next) {
        raw.descriptor(0, buffers, 8, 0, next).available(0);
        assertEquals(new TakenChain(0, ChainFault.NONE, List.of(piece(buffers, 8)), List.of()), takeOne());
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 2})
    void c03OneUnmappedBufferMakesTheWholeChainAFrameFault(int unmapped) {
        for (int i = 0; i < 3; i++) {
            raw.descriptor(i, i == unmapped ? NOWHERE : buffers, 64, i < 2 ? NEXT : 0, i + 1);
        }
        raw.available(0);
        assertFrameFault(ChainFault.UNMAPPED_ADDRESS, 0);
        assertGoesOn();
    }

    @Test
    void c03AnUnmappedBufferOfAChainOfOneIsAFrameFault() {
        raw.descriptor(4, NOWHERE, 64, 0, 0).available(4);
        assertFrameFault(ChainFault.UNMAPPED_ADDRESS, 4);
        assertGoesOn();
    }

    @Test
    void c03AnUnmappedBufferDoesNotHideThatTheChainBreaksTheRing() {
        raw.descriptor(0, NOWHERE, 64, NEXT, 0).available(0);
        assertBroken(RingFault.CHAIN_TOO_LONG);
    }

    @Test
    void c04AReadableBufferBehindAWritableOneIsAFrameFault() {
        raw.descriptor(0, buffers, 64, NEXT | WRITE, 1)
                .descriptor(1, buffers, 64, 0, 0)
                .available(0);
        assertFrameFault(ChainFault.READABLE_AFTER_WRITABLE, 0);
        assertGoesOn();
    }

    @Test
    void c04AReadableBufferBetweenWritableOnesIsAFrameFaultToo() {
        raw.descriptor(0, buffers, 64, NEXT | WRITE, 1)
                .descriptor(1, buffers, 64, NEXT, 2)
                .descriptor(2, buffers, 64, WRITE, 0)
                .available(0);
        assertFrameFault(ChainFault.READABLE_AFTER_WRITABLE, 0);
    }

    @Test
    void c04AnEmptyReadableBufferBehindAWritableOneIsAFrameFaultToo() {
        raw.descriptor(0, buffers, 0, NEXT | WRITE, 1)
                .descriptor(1, buffers, 0, 0, 0)
                .available(0);
        assertFrameFault(ChainFault.READABLE_AFTER_WRITABLE, 0);
    }

    @Test
    void c07EmptyBuffersHaveNoSegmentWhereverTheyStand() {
        raw.descriptor(0, buffers, 0, NEXT, 1)
                .descriptor(1, buffers, 5, NEXT, 2)
                .descriptor(2, buffers, 0, NEXT, 3)
                .descriptor(3, buffers + 8, 7, NEXT, 4)
                .descriptor(4, buffers, 0, 0, 0)
                .available(0);
        assertEquals(
                new TakenChain(0, ChainFault.NONE, List.of(piece(buffers, 5), piece(buffers + 8, 7)), List.of()),
                takeOne());
    }

    @Test
    void c07AnEmptyWritableBufferStillEndsTheReadableOnes() {
        raw.descriptor(0, buffers, 5, NEXT, 1)
                .descriptor(1, buffers, 0, WRITE, 0)
                .available(0);
        assertEquals(new TakenChain(0, ChainFault.NONE, List.of(piece(buffers, 5)), List.of()), takeOne());
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, SIZE})
    void c07AChainOfNothingButEmptyBuffersIsAnEmptyChain(int length) {
        for (int i = 0; i < length; i++) {
            raw.descriptor(i, buffers, 0, i + 1 < length ? NEXT : 0, i + 1);
        }
        raw.available(0);
        assertEquals(new TakenChain(0, ChainFault.NONE, List.of(), List.of()), takeOne());
    }

    @ParameterizedTest
    @ValueSource(longs = {0, NOWHERE, -1, Long.MIN_VALUE})
    void c08TheAddressOfAnEmptyBufferDoesNotMatter(long address) {
        raw.descriptor(0, address, 0, NEXT, 1).descriptor(1, address, 0, 0, 0).available(0, 1);
        assertEquals(new TakenChain(0, ChainFault.NONE, List.of(), List.of()), takeOne());
        assertEquals(new TakenChain(1, ChainFault.NONE, List.of(), List.of()), takeOne());
    }

    @ParameterizedTest
    @CsvSource({"0x80000000, BUFFER_TOO_LONG", "0xffffffff, BUFFER_TOO_LONG", "0x7fffffff, UNMAPPED_ADDRESS"})
    void c09ABufferLongerThanAnyMemoryIsAFrameFault(long byteLength, ChainFault why) {
        raw.descriptor(0, buffers, byteLength, 0, 0).available(0);
        assertFrameFault(why, 0);
        raw.descriptor(1, buffers, 4, NEXT, 0).available(1);
        assertFrameFault(why, 1);
        assertGoesOn();
    }

    @Test
    void c09LengthsThatOverflow32BitsAddUp() {
        long byteLength = 0x7fff_ffffL;
        RawRing large = new RawRing(4, List.of(new Region(1L << 40, 1L << 40, byteLength, 0x1000)));
        for (int i = 0; i < 4; i++) {
            large.descriptor(i, 1L << 40, byteLength, i < 3 ? NEXT : 0, i + 1);
        }
        large.available(0);
        SplitDeviceHalf device = large.device();
        ChainBurst burst = new ChainBurst(1, 64);
        assertEquals(1, device.take(burst, 1));
        assertEquals(4 * byteLength, burst.readableByteLength(0));
        assertEquals(0, burst.writableByteLength(0));
    }

    @Test
    void c10AChainMayHaveAsManyDescriptorsAsTheRing() {
        for (int i = 0; i < SIZE; i++) {
            raw.descriptor(i, buffers + i, 1, i + 1 < SIZE ? NEXT : 0, i + 1);
        }
        raw.available(0);
        assertEquals(SIZE, takeOne().readable().size());
    }

    @Test
    void c10OneDescriptorMoreThanTheRingHasBreaksIt() {
        for (int i = 0; i < SIZE; i++) {
            raw.descriptor(i, buffers + i, 1, NEXT, (i + 1) % SIZE);
        }
        raw.available(3);
        assertBroken(RingFault.CHAIN_TOO_LONG);
    }

    @Test
    void c11AHeadMadeAvailableTwiceIsTakenTwiceAndGivenBackTwice() {
        raw.descriptor(2, buffers, 64, 0, 0).available(2, 2);
        assertEquals(2, device.take(burst, 2));
        assertEquals(
                List.of(2, 2),
                TakenChain.all(burst).stream().map(TakenChain::head).toList());
        device.giveBack(burst.head(0), 0);
        device.giveBack(burst.head(1), 0);
        device.publishUsed();
        assertEquals(2, raw.usedIndex());
        assertEquals(0, device.borrowed());
    }

    @Test
    void c11AllEntriesMayNameHeadZero() {
        raw.descriptor(0, buffers, 64, 0, 0).available(new int[SIZE]);
        assertEquals(SIZE, device.take(burst, SIZE));
        for (int i = 0; i < SIZE; i++) {
            device.giveBack(burst.head(i), 0);
        }
        device.publishUsed();
        assertEquals(SIZE, raw.usedIndex());
    }

    @Test
    void c13AThousandGoodChainsFollowABadOne() {
        raw.descriptor(0, NOWHERE, 64, 0, 0).available(0);
        assertFrameFault(ChainFault.UNMAPPED_ADDRESS, 0);
        device.giveBack(0, 0);
        device.publishUsed();
        raw.descriptor(1, buffers, 64, 0, 0);
        for (int i = 0; i < 1000; i++) {
            raw.available(1);
            assertEquals(ChainFault.NONE, takeOne().fault());
            device.giveBack(1, 0);
            device.publishUsed();
        }
        assertEquals(1001, raw.usedIndex());
    }

    @Test
    void c13ABadChainInTheMiddleOfABurstIsGivenBackInItsPlaceWithLengthZero() {
        raw.descriptor(0, buffers, 64, 0, 0).descriptor(1, NOWHERE, 64, 0, 0).descriptor(2, buffers, 65, 0, 0);
        raw.available(0, 1, 2);
        assertEquals(3, device.take(burst, SIZE));
        assertEquals(
                List.of(ChainFault.NONE, ChainFault.UNMAPPED_ADDRESS, ChainFault.NONE),
                TakenChain.all(burst).stream().map(TakenChain::fault).toList());
        for (int i = 0; i < 3; i++) {
            device.giveBack(burst.head(i), 0);
        }
        device.publishUsed();
        assertEquals(3, raw.usedIndex());
        assertEquals(1, raw.usedHead(1));
        assertEquals(0, raw.usedByteLength(1));
    }

    @Test
    void c13AMillionBadChainsUseNothingUp() {
        raw.descriptor(0, NOWHERE, 64, NEXT, 1).descriptor(1, buffers, 64, 0, 0);
        int index = 0;
        for (int i = 0; i < 1_000_000 / SIZE; i++) {
            raw.available(new int[SIZE]);
            burst.clear();
            assertEquals(SIZE, device.take(burst, SIZE));
            for (int chain = 0; chain < SIZE; chain++) {
                device.giveBack(burst.head(chain), 0);
            }
            device.publishUsed();
            index = Index16.plus(index, SIZE);
            assertEquals(index, raw.usedIndex());
        }
        assertGoesOn();
    }

    @Test
    void c14BuffersMayLieOverTheRingAndEachOther() {
        byte[] before = raw.ringBytes();
        long[] places = {raw.descriptorTableGuestAddress(), raw.availGuestAddress(), raw.usedGuestAddress(), buffers};
        for (int i = 0; i < places.length; i++) {
            raw.descriptor(i, places[i], 32, WRITE, 0);
        }
        raw.available(0, 1, 2, 3, 3);
        assertEquals(5, device.take(burst, SIZE));
        for (int i = 0; i < 5; i++) {
            assertEquals(ChainFault.NONE, burst.fault(i));
        }
        assertEquals(before.length, raw.ringBytes().length);
    }

    @Test
    void c14WhatIsWrittenOverTheUsedRingDoesNotChangeWhatComesNext() {
        raw.descriptor(0, raw.usedGuestAddress(), 64, WRITE, 0).available(0);
        TakenChain chain = takeOne();
        Piece buffer = chain.writable().getFirst();
        assertEquals(raw.hostAddress(raw.usedGuestAddress()), buffer.hostAddress());
        raw.usedIndex(0x5555).usedFlags(0x5555).used(0, 0x5555, 0x5555);
        device.giveBack(chain.head(), 64);
        device.publishUsed();
        assertEquals(1, raw.usedIndex());
        assertEquals(0, raw.usedHead(0));
        assertEquals(64, raw.usedByteLength(0));
        assertGoesOn();
    }

    @ParameterizedTest
    @ValueSource(ints = {8, 0x10, 0x80, 0xfff8, 0x8000})
    void c16ReservedFlagBitsAreIgnored(int reserved) {
        raw.descriptor(0, buffers, 3, NEXT | reserved, 1)
                .descriptor(1, buffers, 4, WRITE | reserved, 5)
                .available(0);
        assertEquals(
                new TakenChain(0, ChainFault.NONE, List.of(piece(buffers, 3)), List.of(piece(buffers, 4))), takeOne());
    }

    @Test
    void b03ABufferAcrossTwoAdjacentRegionsIsTwoSegments() {
        Region next = ArenaRegions.region(RawRing.GUEST_BASE + RawRing.REGION_BYTES, 4096);
        RawRing split = new RawRing(SIZE, List.of(next));
        long border = next.guestAddress();
        split.descriptor(0, border - 24, 64, 0, 0)
                .descriptor(1, border - 24, 64, WRITE, 0)
                .descriptor(2, border - 1, 2, NEXT, 1)
                .available(0, 1, 2);
        SplitDeviceHalf device = split.device();
        assertEquals(3, device.take(burst, SIZE));
        List<Piece> pieces = List.of(new Piece(split.hostAddress(border - 24), 24), new Piece(next.hostAddress(), 40));
        List<Piece> bytes = List.of(new Piece(split.hostAddress(border - 1), 1), new Piece(next.hostAddress(), 1));
        assertEquals(new TakenChain(0, ChainFault.NONE, pieces, List.of()), TakenChain.of(burst, 0));
        assertEquals(new TakenChain(1, ChainFault.NONE, List.of(), pieces), TakenChain.of(burst, 1));
        assertEquals(new TakenChain(2, ChainFault.NONE, bytes, pieces), TakenChain.of(burst, 2));
    }

    @ParameterizedTest
    @CsvSource({"-64, 64, NONE", "-64, 65, UNMAPPED_ADDRESS", "0, 1, UNMAPPED_ADDRESS", "-1, 1, NONE"})
    void b04ABufferMayEndAtTheEndOfARegionButNotRunIntoAHole(long offset, long byteLength, ChainFault expected) {
        raw.descriptor(0, RawRing.GUEST_BASE + RawRing.REGION_BYTES + offset, byteLength, 0, 0)
                .available(0);
        assertEquals(expected, takeOne().fault());
        raw.descriptor(1, buffers, 1, NEXT, 0).available(1);
        assertEquals(expected, takeOne().fault());
    }

    @ParameterizedTest
    @CsvSource({
        "0xfffffffffffffff0, 16, NONE",
        "0xfffffffffffffff0, 17, UNMAPPED_ADDRESS",
        "0xfffffffffffffff0, 32, UNMAPPED_ADDRESS",
        "0xffffffffffffffff, 1, NONE",
        "0xffffffffffffffff, 2, UNMAPPED_ADDRESS",
        "0, 1, NONE"
    })
    void b06NoBufferWrapsFromTheTopOfTheAddressSpaceToItsBottom(String address, long byteLength, ChainFault expected) {
        Region bottom = new Region(0, 0, 4096, ArenaRegions.allocate(4096).address());
        Region top = new Region(-4096, -4096, 4096, ArenaRegions.allocate(4096).address());
        RawRing around = new RawRing(2, List.of(bottom, top));
        long guestAddress = address.length() > 2 ? Long.parseUnsignedLong(address, 2, address.length(), 16) : 0;
        around.descriptor(0, guestAddress, byteLength, 0, 0).descriptor(1, guestAddress, byteLength, NEXT, 0);
        around.available(0, 1);
        SplitDeviceHalf device = around.device();
        assertEquals(2, device.take(burst, 2));
        assertEquals(expected, burst.fault(0));
        assertEquals(expected, burst.fault(1));
    }

    @Test
    void takingDoesNotWriteIntoTheRing() {
        raw.descriptor(0, buffers, 64, NEXT, 1)
                .descriptor(1, NOWHERE, 64, WRITE, 0)
                .available(0, 1);
        byte[] before = raw.ringBytes();
        assertEquals(2, device.take(burst, SIZE));
        assertArrayEquals(before, raw.ringBytes());
    }
}
