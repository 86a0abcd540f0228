package io.annulet.vring;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What breaks a ring stops its queue, leaves what was taken before in order, and stays until a fresh set-up. */
class RingFaultTest {

    private static final int SIZE = 8;

    private final RawRing raw = new RawRing(SIZE);
    private final SplitDeviceHalf device = raw.device();
    private final ChainBurst burst = new ChainBurst(SIZE, 64);

    RingFaultTest() {
        for (int i = 0; i < SIZE; i++) {
            raw.descriptor(i, raw.buffers() + 64L * i, 64, 0, 0);
        }
    }

    private void assertBroken(RingFault why) {
        assertEquals(SplitDeviceHalf.BROKEN, device.take(burst, SIZE));
        assertEquals(why, device.fault());
    }

    @ParameterizedTest
    @ValueSource(ints = {SIZE + 1, 32_768, 65_534, 65_535})
    void g01AnAvailableIndexThatJumpsBreaksTheRing(int availIndex) {
        raw.availIndex(availIndex);
        assertBroken(RingFault.AVAIL_INDEX_JUMP);
        assertEquals(0, burst.count());
    }

    @Test
    void g01AnAvailableIndexOneBackBreaksTheRing() {
        raw.available(0, 1, 2);
        device.take(burst, SIZE);
        raw.availIndex(2);
        assertBroken(RingFault.AVAIL_INDEX_JUMP);
    }

    @Test
    void g01AnAvailableIndexExactlyTheRingSizeAheadIsAFullRing() {
        raw.available(0, 1, 2, 3, 4, 5, 6, 7);
        assertEquals(SIZE, device.take(burst, SIZE));
    }

    @Test
    void g03MoreChainsThanTheRingHasWithoutWaitingForUsedOnesBreaksIt() {
        raw.available(0, 1, 2, 3, 4, 5, 6, 7);
        assertEquals(SIZE, device.take(burst, SIZE));
        raw.available(0);
        burst.clear();
        assertBroken(RingFault.AVAIL_INDEX_JUMP);
        assertEquals(SIZE, device.borrowed());
    }

    @Test
    void g03ChainsGivenBackButNotYetPublishedCannotHaveBeenReusedByTheDriver() {
        raw.available(0, 1, 2, 3, 4, 5, 6, 7);
        assertEquals(SIZE, device.take(burst, SIZE));
        device.giveBack(0, 0);
        raw.available(0);
        burst.clear();
        assertBroken(RingFault.AVAIL_INDEX_JUMP);
    }

    @Test
    void g03AFullRingOfBorrowedChainsIsNotBroken() {
        raw.available(0, 1, 2, 3, 4, 5, 6, 7);
        assertEquals(SIZE, device.take(burst, SIZE));
        assertEquals(0, device.take(burst, SIZE));
        device.giveBack(0, 0);
        device.publishUsed();
        raw.available(0);
        burst.clear();
        assertEquals(1, device.take(burst, SIZE));
        assertEquals(SIZE, device.borrowed());
    }

    @Test
    void chainsBeforeTheBrokenOneAreTakenFirst() {
        raw.available(3, 4, 0xffff, 5);
        assertEquals(2, device.take(burst, SIZE));
        assertEquals(RingFault.NONE, device.fault());
        assertEquals(List.of(3, 4), List.of(burst.head(0), burst.head(1)));
        assertBroken(RingFault.HEAD_OUT_OF_RANGE);
        assertEquals(2, burst.count());
    }

    @Test
    void chainsBeforeAChainWithoutEndAreTakenFirst() {
        raw.descriptor(1, raw.buffers(), 64, RawRing.NEXT, 1).available(0, 1, 2);
        assertEquals(1, device.take(burst, SIZE));
        assertBroken(RingFault.CHAIN_TOO_LONG);
        assertEquals(1, burst.count());
        assertEquals(1, burst.endSegment(0));
    }

    @Test
    void aBrokenRingStaysBrokenWhenItsDriverMendsIt() {
        raw.available(99);
        assertBroken(RingFault.HEAD_OUT_OF_RANGE);
        raw.availIndex(0).available(3);
        assertBroken(RingFault.HEAD_OUT_OF_RANGE);
        assertEquals(0, burst.count());
    }

    @Test
    void aBrokenRingNamesItsFirstFault() {
        raw.available(99);
        assertBroken(RingFault.HEAD_OUT_OF_RANGE);
        raw.availIndex(40_000);
        assertBroken(RingFault.HEAD_OUT_OF_RANGE);
    }

    @Test
    void aBrokenRingGivesNothingMoreEvenWhenChainsAreTakenBack() {
        raw.available(3, 4, 99);
        assertEquals(2, device.take(burst, SIZE));
        assertBroken(RingFault.HEAD_OUT_OF_RANGE);
        device.untake(2);
        burst.clear();
        assertEquals(SplitDeviceHalf.BROKEN, device.take(burst, 2));
        assertEquals(0, burst.count());
    }

    @Test
    void aBrokenRingAnswersBrokenHoweverLittleIsAskedFor() {
        raw.available(99);
        assertBroken(RingFault.HEAD_OUT_OF_RANGE);
        assertEquals(SplitDeviceHalf.BROKEN, device.take(burst, 0));
    }

    @Test
    void aBrokenRingHasNoWorkWhateverItsIndexSays() {
        raw.available(99);
        assertBroken(RingFault.HEAD_OUT_OF_RANGE);
        raw.available(1, 2);
        assertFalse(device.requestKicks());
    }

    @Test
    void whatWasTakenBeforeTheFaultCanStillBeGivenBack() {
        raw.available(3, 4, 99);
        device.take(burst, SIZE);
        assertBroken(RingFault.HEAD_OUT_OF_RANGE);
        device.giveBack(3, 0);
        device.giveBack(4, 0);
        device.publishUsed();
        assertEquals(2, raw.usedIndex());
        assertEquals(0, device.borrowed());
    }

    @Test
    void aFreshSetUpRevivesTheQueue() {
        raw.available(99);
        assertBroken(RingFault.HEAD_OUT_OF_RANGE);
        SplitDeviceHalf fresh = raw.device(new RingFeatures(true, true), device.base());
        raw.availIndex(0).available(3);
        assertEquals(1, fresh.take(burst, SIZE));
    }
}
