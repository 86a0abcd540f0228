package io.annulet.vring;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.annulet.memory.ArenaRegions;
import io.annulet.memory.Region;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Bursts, indexes and publication; chains themselves are in {@link DescriptorChainsTest}. */
class SplitDeviceHalfTest {

    private static final int SIZE = 8;
    private static final RingFeatures FEATURES = new RingFeatures(true, true);

    private final RawRing raw = new RawRing(SIZE);
    private final SplitDeviceHalf device = raw.device();
    private final ChainBurst burst = new ChainBurst(SIZE, 64);

    SplitDeviceHalfTest() {
        for (int i = 0; i < SIZE; i++) {
            raw.descriptor(i, raw.buffers() + 64L * i, 1 + i, 0, 0);
        }
    }

    private static List<Integer> heads(ChainBurst burst) {
        return TakenChain.all(burst).stream().map(TakenChain::head).toList();
    }

    private void giveBackAll() {
        for (int i = 0; i < burst.count(); i++) {
            device.giveBack(burst.head(i), 0);
        }
        burst.clear();
    }

    @Test
    void nothingIsTakenFromAnEmptyRing() {
        assertEquals(0, device.take(burst, SIZE));
        assertEquals(0, burst.count());
        assertEquals(RingFault.NONE, device.fault());
    }

    @Test
    void takesAtMostWhatIsAskedForAndTheRestNextTime() {
        raw.available(4, 2, 7);
        assertEquals(2, device.take(burst, 2));
        assertEquals(1, device.take(burst, 2));
        assertEquals(List.of(4, 2, 7), heads(burst));
        assertEquals(0, device.take(burst, 2));
    }

    @Test
    void takesNoMoreThanTheBurstHasRoomFor() {
        raw.available(0, 1, 2, 3);
        ChainBurst three = new ChainBurst(3, 64);
        assertEquals(3, device.take(three, SIZE));
        assertEquals(0, device.take(three, SIZE));
        three.clear();
        assertEquals(1, device.take(three, SIZE));
        assertEquals(List.of(3), heads(three));
    }

    @Test
    void aBurstWithoutRoomForTheSegmentsOfAChainLeavesItForTheNextBurst() {
        for (int i = 0; i < SIZE; i++) {
            raw.descriptor(i, raw.buffers(), 10, i % 4 < 3 ? RawRing.NEXT : 0, i + 1);
        }
        raw.available(0, 4);
        ChainBurst narrow = new ChainBurst(4, 6);
        assertEquals(1, device.take(narrow, 4));
        assertEquals(List.of(0), heads(narrow));
        assertEquals(0, device.take(narrow, 4));
        assertEquals(1, device.borrowed());
        narrow.clear();
        assertEquals(1, device.take(narrow, 4));
        assertEquals(List.of(4), heads(narrow));
        assertEquals(ChainFault.NONE, narrow.fault(0));
    }

    @Test
    void aChainOfOneThatFindsNoRoomForItsSegmentIsLeftForTheNextBurst() {
        raw.available(0, 1, 2);
        ChainBurst narrow = new ChainBurst(4, 2);
        assertEquals(2, device.take(narrow, 4));
        narrow.clear();
        assertEquals(1, device.take(narrow, 4));
        assertEquals(List.of(2), heads(narrow));
    }

    @Test
    void aChainWithMoreSegmentsThanAnEmptyBurstHoldsIsAFrameFault() {
        for (int i = 0; i < 4; i++) {
            raw.descriptor(i, raw.buffers(), 10, i < 3 ? RawRing.NEXT : 0, i + 1);
        }
        raw.available(0, 5);
        ChainBurst narrow = new ChainBurst(4, 3);
        assertEquals(2, device.take(narrow, 4));
        assertEquals(TakenChain.faulty(0, ChainFault.TOO_MANY_SEGMENTS), TakenChain.of(narrow, 0));
        assertEquals(ChainFault.NONE, narrow.fault(1));
    }

    @Test
    void aTruncatedBurstHasRoomAgainForWhatWasDropped() {
        raw.available(4, 2, 7, 1);
        ChainBurst three = new ChainBurst(3, 3);
        assertEquals(3, device.take(three, SIZE));
        three.truncate(5);
        assertEquals(3, three.count());
        three.truncate(1);
        device.untake(2);
        assertEquals(List.of(4), heads(three));
        assertEquals(2, device.take(three, SIZE));
        assertEquals(List.of(4, 2, 7), heads(three));
        assertEquals(raw.hostAddress(raw.buffers() + 64 * 7), three.segmentAddress(2));
    }

    @Test
    void theIndexIsReadAgainOnlyWhenTooFewChainsAreKnown() {
        raw.available(0, 1, 2, 3);
        assertEquals(1, device.take(burst, 1));
        // Three are known, so a jump of the index is not even seen yet.
        raw.availIndex(30_000);
        assertEquals(3, device.take(burst, 3));
        assertEquals(SplitDeviceHalf.BROKEN, device.take(burst, 1));
    }

    @Test
    void whatIsGivenBackIsSeenOnlyWhenPublished() {
        raw.available(4, 2, 7);
        device.take(burst, SIZE);
        device.giveBack(4, 0);
        device.giveBack(2, 1500);
        assertEquals(0, raw.usedIndex());
        assertEquals(0, device.publishedPosition());
        assertEquals(1, device.borrowed());
        device.publishUsed();
        assertEquals(2, raw.usedIndex());
        assertEquals(2, device.publishedPosition());
        assertEquals(List.of(4L, 2L), List.of(raw.usedHead(0), raw.usedHead(1)));
        assertEquals(List.of(0L, 1500L), List.of(raw.usedByteLength(0), raw.usedByteLength(1)));
    }

    @Test
    void publishingNothingWritesNothingAndWantsNoCall() {
        byte[] before = raw.ringBytes();
        assertFalse(device.publishUsed());
        assertArrayEquals(before, raw.ringBytes());
    }

    @Test
    void g10AUsedElementCarriesTheLengthAndNothingElse() {
        raw.available(1);
        device.take(burst, 1);
        device.giveBack(1, 0xffff_ffffL);
        device.publishUsed();
        assertEquals(1, raw.usedHead(0));
        assertEquals(0xffff_ffffL, raw.usedByteLength(0));
    }

    @Test
    void abandoningGoesBackToTheLastPublication() {
        raw.available(4, 2, 7);
        device.take(burst, SIZE);
        device.giveBack(4, 0);
        device.publishUsed();
        device.giveBack(2, 0);
        device.giveBack(7, 0);
        device.abandon();
        assertEquals(0, device.borrowed());
        assertFalse(device.publishUsed());
        burst.clear();
        assertEquals(2, device.take(burst, SIZE));
        assertEquals(List.of(2, 7), heads(burst));
        device.giveBack(2, 5);
        device.publishUsed();
        assertEquals(2, raw.usedIndex());
        assertEquals(5, raw.usedByteLength(1));
    }

    @Test
    void abandoningDoesNotMendABrokenRing() {
        raw.available(4, 99);
        assertEquals(1, device.take(burst, SIZE));
        assertEquals(SplitDeviceHalf.BROKEN, device.take(burst, SIZE));
        device.abandon();
        burst.clear();
        assertEquals(SplitDeviceHalf.BROKEN, device.take(burst, SIZE));
        assertEquals(0, burst.count());
    }

    @Test
    void chainsTakenBackAreTakenAgainInTheSameOrder() {
        raw.available(4, 2, 7);
        assertEquals(3, device.take(burst, SIZE));
        device.untake(2);
        assertEquals(1, device.borrowed());
        assertEquals(1, device.base());
        burst.clear();
        assertEquals(2, device.take(burst, SIZE));
        assertEquals(List.of(2, 7), heads(burst));
    }

    @Test
    void untakeReachesBackAcrossTheIndexWrap() {
        SplitDeviceHalf late = raw.device(FEATURES, 65_534);
        raw.availIndex(65_534).available(4, 2, 7, 1);
        assertEquals(4, late.take(burst, SIZE));
        late.untake(3);
        assertEquals(65_535, late.base());
        burst.clear();
        assertEquals(3, late.take(burst, SIZE));
        assertEquals(List.of(2, 7, 1), heads(burst));
        assertEquals(4, late.borrowed());
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 7, 32_768, 65_535})
    void g02StartsAtAnyBaseIndex(int baseIndex) {
        SplitDeviceHalf late = raw.device(FEATURES, baseIndex);
        raw.availIndex(baseIndex);
        assertEquals(0, late.take(burst, SIZE));
        raw.available(3, 6);
        assertEquals(2, late.take(burst, SIZE));
        assertEquals(List.of(3, 6), heads(burst));
        late.giveBack(3, 0);
        late.giveBack(6, 0);
        late.publishUsed();
        assertEquals(Index16.plus(baseIndex, 2), raw.usedIndex());
        assertEquals(3, raw.usedHead(baseIndex));
        assertEquals(6, raw.usedHead(Index16.plus(baseIndex, 1)));
    }

    @Test
    void g05TheUsedRingIsNeverReadBack() {
        for (int i = 0; i < 3 * SIZE; i++) {
            raw.usedIndex(0x1234 + i)
                    .used(i, 0xffff_ffffL, 0xffff_ffffL)
                    .usedFlags(0xffff)
                    .availEvent(0xffff);
            raw.available(i % SIZE);
            assertEquals(1, device.take(burst, SIZE));
            giveBackAll();
            device.publishUsed();
            assertEquals(i + 1, raw.usedIndex());
            assertEquals(i % SIZE, raw.usedHead(i));
        }
    }

    @Test
    void everyBufferComesBackInOrderOverTheWrapAt65536() {
        int index = 0;
        int head = 0;
        for (int round = 0; round < 40_000; round++) {
            int count = 1 + round % SIZE;
            int[] offered = new int[count];
            for (int i = 0; i < count; i++) {
                head = (head * 5 + 3) % SIZE;
                offered[i] = head;
            }
            raw.available(offered);
            burst.clear();
            assertEquals(count, device.take(burst, SIZE));
            giveBackAll();
            device.publishUsed();
            for (int i = 0; i < count; i++) {
                assertEquals(offered[i], raw.usedHead(index + i));
            }
            index = Index16.plus(index, count);
            assertEquals(index, raw.usedIndex());
        }
    }

    @Test
    void theLargestRingTellsFullFromEmptyAndFullFromBroken() {
        RawRing large = new RawRing(SplitRing.MAX_SIZE);
        SplitDeviceHalf device = large.device(FEATURES, 50_000);
        ChainBurst all = new ChainBurst(SplitRing.MAX_SIZE, SplitRing.MAX_SIZE);
        large.availIndex(50_000);
        assertEquals(0, device.take(all, SplitRing.MAX_SIZE));
        large.available(new int[SplitRing.MAX_SIZE]);
        assertEquals(SplitRing.MAX_SIZE, device.take(all, SplitRing.MAX_SIZE));
        large.available(0);
        assertEquals(SplitDeviceHalf.BROKEN, device.take(all, 1));
    }

    @Test
    void aRingOfOneDescriptorWorks() {
        RawRing one = new RawRing(1);
        SplitDeviceHalf device = one.device();
        for (int i = 0; i < 10; i++) {
            one.descriptor(0, one.buffers(), 64, 0, 0).available(0);
            burst.clear();
            assertEquals(1, device.take(burst, SIZE));
            device.giveBack(0, i);
            device.publishUsed();
            assertEquals(i + 1, one.usedIndex());
            assertEquals(i, one.usedByteLength(0));
        }
    }

    @Test
    void b09AHalfMovedToOtherMemoryGoesOnWhereItWas() {
        raw.available(4, 2);
        device.take(burst, SIZE);
        device.giveBack(4, 0);
        device.publishUsed();
        device.giveBack(2, 9);
        Region elsewhere = ArenaRegions.region(1L << 40, 4096);
        RawRing moved = new RawRing(SIZE, List.of(elsewhere));
        moved.descriptor(5, elsewhere.guestAddress(), 64, 0, 0);
        moved.availIndex(2).available(5);
        DeviceHalf half = device.movedTo(moved.ring(), moved.memory());
        burst.clear();
        assertEquals(1, half.take(burst, SIZE));
        assertEquals(elsewhere.hostAddress(), burst.segmentAddress(0));
        half.publishUsed();
        assertEquals(2, moved.usedIndex());
        assertEquals(1, half.borrowed());
        assertEquals(3, half.base());
    }

    @Test
    void aBrokenHalfStaysBrokenWhenMoved() {
        raw.available(99);
        device.take(burst, SIZE);
        DeviceHalf half = device.movedTo(raw.ring(), raw.memory());
        assertEquals(SplitDeviceHalf.BROKEN, half.take(burst, SIZE));
        assertEquals(RingFault.HEAD_OUT_OF_RANGE, half.fault());
    }

    @Test
    void aPortWithoutARingPutsItsFramesIntoABurstAsTheyAre() {
        burst.addOwn(42, 0x1000, 60);
        burst.addOwn(43, 0x2000, 0);
        assertEquals(
                List.of(
                        new TakenChain(42, ChainFault.NONE, List.of(new TakenChain.Piece(0x1000, 60)), List.of()),
                        new TakenChain(43, ChainFault.NONE, List.of(new TakenChain.Piece(0x2000, 0)), List.of())),
                TakenChain.all(burst));
        assertTrue(burst.capacity() >= burst.count());
    }

    @Test
    void aFrameWithoutARingMayBeOfSeveralPieces() {
        burst.addOwn(42, 0x1000, 60);
        burst.addOwn(43, 0x2000, 70);
        assertTrue(burst.extendOwn(0x3000, 1));
        assertTrue(burst.extendOwn(0x4000, 2));
        List<TakenChain.Piece> pieces = List.of(
                new TakenChain.Piece(0x2000, 70), new TakenChain.Piece(0x3000, 1), new TakenChain.Piece(0x4000, 2));
        assertEquals(
                List.of(
                        new TakenChain(42, ChainFault.NONE, List.of(new TakenChain.Piece(0x1000, 60)), List.of()),
                        new TakenChain(43, ChainFault.NONE, pieces, List.of())),
                TakenChain.all(burst));
        assertEquals(73, burst.readableByteLength(1));
    }
}
