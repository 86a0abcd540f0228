package io.annulet.hostile;

import static io.annulet.hostile.VillainQueue.NEXT;
import static io.annulet.hostile.VillainQueue.WRITE;

import io.annulet.guest.RamOptions;
import io.annulet.guest.RamRegion;
import java.util.Arrays;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Class C of the catalogue: chains of split rings that are no chains, or whose buffers are none. */
@ExtendWith(Hostile.class)
@Timeout(120)
final class DescriptorChainCasesTest {

    private static final VillainOptions SPLIT = VillainOptions.SPLIT;
    private static final int SIZE = 16;
    private static final int FRAME = 100;
    private static final int CHAIN = Frames.HEADER_BYTES + FRAME;
    private static final long NOWHERE = 0xdead_0000_0000L;

    private static final String BAD_CHAIN = "in.dropped.bad-chain";
    private static final String TOO_SHORT = "in.dropped.too-short";
    private static final String TOO_LONG = "in.dropped.too-long";
    private static final String BROKEN = "rings.broken";

    /** One chain is given back with length 0 and counted, and the next frame goes on over the same queue. */
    private static void assertDropped(Trial trial, Villain villain, String counter) {
        trial.expect(counter, 1);
        villain.transmit().awaitUsed(1);
        villain.transmit().assertUsed(0, 0, 0);
        villain.sendGood(SIZE - 1);
        villain.transmit().awaitUsed(2);
    }

    private static void assertBroken(Trial trial, Villain villain) {
        trial.expect(BROKEN, 1);
        villain.transmit().awaitBroken();
        villain.transmit().awaitUsed(0);
    }

    @ParameterizedTest
    @CsvSource({"0 -> 0", "0 -> 1 -> 0", "0 -> 1 -> 2 -> 3 -> 1", "0 .. 15 -> 0"})
    void C01_aLoopEndsAtTheSizeOfTheRing(String loop, Trial trial) {
        followLoop(loop, trial);
    }

    private static void followLoop(String loop, Trial trial) {
        Villain villain = trial.villain(SPLIT);
        VillainQueue transmit = villain.transmit();
        long buffer = villain.frameBuffer(Frames.toAll(FRAME, 1));
        int[] way = loop.contains("..")
                ? IntStream.concat(IntStream.range(0, SIZE), IntStream.of(0)).toArray()
                : Arrays.stream(loop.split(" -> ")).mapToInt(Integer::parseInt).toArray();
        for (int i = 0; i + 1 < way.length; i++) {
            transmit.descriptor(way[i], buffer, CHAIN, NEXT, way[i + 1]);
        }
        transmit.offer(0);
        assertBroken(trial, villain);
    }

    @ParameterizedTest
    @ValueSource(ints = {SIZE, SIZE + 1, 0xffff})
    void C02_aNextOutOfTheTableBreaksTheRing(int next, Trial trial) {
        Villain villain = trial.villain(SPLIT);
        villain.transmit().descriptor(0, villain.frameBuffer(Frames.toAll(FRAME, 1)), CHAIN, NEXT, next);
        villain.transmit().offer(0);
        assertBroken(trial, villain);
    }

    @ParameterizedTest
    @ValueSource(ints = {SIZE, 0xffff})
    void C02_anAvailableHeadOutOfTheTableBreaksTheRing(int head, Trial trial) {
        Villain villain = trial.villain(SPLIT);
        villain.transmit().offer(head);
        assertBroken(trial, villain);
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 2})
    void C03_anUnmappedBufferAnywhereInAChainDropsTheFrame(int where, Trial trial) {
        Villain villain = trial.villain(SPLIT);
        long buffer = villain.frameBuffer(Frames.toAll(FRAME, 1));
        for (int i = 0; i < 3; i++) {
            villain.transmit().descriptor(i, i == where ? NOWHERE : buffer, CHAIN, i < 2 ? NEXT : 0, i + 1);
        }
        villain.transmit().offer(0);
        assertDropped(trial, villain, BAD_CHAIN);
    }

    @ParameterizedTest
    @CsvSource({"0, 2, 0", "2, 0, 0", "2, 2, 2"})
    void C04_whatIsWritableHasNoPlaceInATransmitChain(int first, int second, int third, Trial trial) {
        Villain villain = trial.villain(SPLIT);
        int[] flags = {first, second, third};
        for (int i = 0; i < 3; i++) {
            long buffer = villain.frameBuffer(Frames.toAll(FRAME, i));
            villain.transmit().descriptor(i, buffer, CHAIN, flags[i] | (i < 2 ? NEXT : 0), i + 1);
        }
        villain.transmit().offer(0);
        assertDropped(trial, villain, BAD_CHAIN);
    }

    @ParameterizedTest
    @ValueSource(ints = {0, NEXT})
    void C04_whatIsReadableHasNoPlaceInAReceiveChain(int linked, Trial trial) {
        Villain villain = trial.villain(SPLIT);
        VillainQueue receive = villain.receive();
        receive.descriptor(0, villain.memory.readable(new byte[2048]), 2048, linked, 1);
        receive.descriptor(1, villain.memory.writable(2048), 2048, WRITE, 0);
        receive.offer(0);
        byte[] frame = Frames.toAll(FRAME, 4);
        trial.yard().sendFromBystander(frame);
        receive.awaitUsed(1);
        receive.assertUsed(0, 0, 0);
        trial.expect("receive.bad-buffers", 1);
        trial.expect("out.dropped.no-buffer", 1);
    }

    @ParameterizedTest
    @CsvSource({
        "0, " + TOO_SHORT,
        "1, " + TOO_SHORT,
        "11, " + TOO_SHORT,
        "12, " + TOO_SHORT,
        "13, " + TOO_SHORT,
        "25, " + TOO_SHORT
    })
    void C05_aChainThatHoldsNoHeadersIsDropped(int byteLength, String counter, Trial trial) {
        Villain villain = trial.villain(SPLIT);
        long buffer = villain.frameBuffer(Frames.toAll(FRAME, 1));
        villain.transmit().descriptor(0, buffer, byteLength, 0, 0);
        villain.transmit().offer(0);
        assertDropped(trial, villain, counter);
    }

    @Test
    void C05_aFrameOfHeadersAloneGoesOn(Trial trial) {
        Villain villain = trial.villain(SPLIT);
        byte[] frame = Frames.toAll(14, 0);
        villain.transmit().offerBuffer(0, villain.frameBuffer(frame), Frames.HEADER_BYTES + 14, 0);
        trial.yard().awaitAtBystander(frame);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"1 11 100", "6 6 100", "1 1 1 1 1 1 1 1 1 1 1 1 100", "112", "13 99", "12 1 99", "12 13 1 86"})
    void C06_aHeaderMayBeCutInAnyWay(String pieces, Trial trial) {
        sendCut(pieces, trial);
    }

    private static void sendCut(String pieces, Trial trial) {
        Villain villain = trial.villain(SPLIT);
        byte[] frame = Frames.toAll(FRAME, 6);
        long at = villain.frameBuffer(frame);
        int[] lengths =
                Arrays.stream(pieces.split(" ")).mapToInt(Integer::parseInt).toArray();
        for (int i = 0; i < lengths.length; i++) {
            villain.transmit().descriptor(i, at, lengths[i], i + 1 < lengths.length ? NEXT : 0, i + 1);
            at += lengths[i];
        }
        villain.transmit().offer(0);
        trial.yard().awaitAtBystander(frame);
        villain.transmit().awaitUsed(1);
    }

    /** Neighbours for the guest that are none in any other address space: at every byte of the header, and behind it. */
    @ParameterizedTest
    @ValueSource(ints = {1, 5, 11, 12, 13, 26, 64, 111})
    void C06_aHeaderOverTheBorderOfTwoRegionsIsPutTogether(int before, Trial trial) {
        Villain villain = trial.villain(SPLIT.withRam(RamOptions.regions(2, 1 << 19, 0)));
        byte[] frame = Frames.toAll(FRAME, 7);
        byte[] bytes = Frames.withHeader(frame);
        RamRegion low = villain.ram.regions().getFirst();
        RamRegion high = villain.ram.regions().get(1);
        long end = low.hostAddress() + low.byteLength();
        villain.memory.write(end - before, Arrays.copyOf(bytes, before));
        villain.memory.write(high.hostAddress(), Arrays.copyOfRange(bytes, before, bytes.length));
        villain.transmit().descriptor(0, high.guestAddress() - before, bytes.length, 0, 0);
        villain.transmit().offer(0);
        trial.yard().awaitAtBystander(frame);
    }

    @ParameterizedTest
    @ValueSource(strings = {"0 112", "50 0 62", "112 0", "0 0 12 0 100 0"})
    void C07_emptyDescriptorsBetweenOthersChangeNothing(String pieces, Trial trial) {
        sendCut(pieces, trial);
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, SIZE})
    void C07_aChainOfEmptyDescriptorsIsDropped(int count, Trial trial) {
        Villain villain = trial.villain(SPLIT);
        for (int i = 0; i < count; i++) {
            villain.transmit()
                    .descriptor(i, villain.ram.regions().getFirst().guestAddress(), 0, i + 1 < count ? NEXT : 0, i + 1);
        }
        villain.transmit().offer(0);
        assertDropped(trial, villain, TOO_SHORT);
    }

    @Test
    void C08_anEmptyDescriptorMayPointAnywhere(Trial trial) {
        Villain villain = trial.villain(SPLIT);
        byte[] frame = Frames.toAll(FRAME, 8);
        villain.transmit().descriptor(0, NOWHERE, 0, NEXT, 1);
        villain.transmit().descriptor(1, villain.frameBuffer(frame), CHAIN, NEXT, 2);
        villain.transmit().descriptor(2, -1, 0, 0, 0);
        villain.transmit().offer(0);
        trial.yard().awaitAtBystander(frame);
    }

    @Test
    void C09_aBufferOfFourGigabytesIsDropped(Trial trial) {
        Villain villain = trial.villain(SPLIT);
        villain.transmit().descriptor(0, villain.frameBuffer(Frames.toAll(FRAME, 1)), 0xffff_ffffL, 0, 0);
        villain.transmit().offer(0);
        assertDropped(trial, villain, BAD_CHAIN);
    }

    @Test
    void C09_lengthsWhoseSumOverflows32BitsAreDropped(Trial trial) {
        Villain villain = trial.villain(SPLIT.withRam(RamOptions.of(4 << 20)));
        long start = villain.ram.regions().getFirst().guestAddress();
        // 15 of them would be 4 GiB and a frame's length if it were cut to 32 bits.
        for (int i = 0; i < SIZE; i++) {
            villain.transmit().descriptor(i, start, i == 0 ? CHAIN : 0x1111_1111L, i + 1 < SIZE ? NEXT : 0, i + 1);
        }
        villain.transmit().offer(0);
        assertDropped(trial, villain, BAD_CHAIN);
    }

    /** The longest frame is 65,535 bytes above Ethernet and two tags. */
    @ParameterizedTest
    @CsvSource({"65557, true", "65558, false", "1048576, false"})
    void C09_aFrameLongerThanAnyIsDropped(int byteLength, boolean goesOn, Trial trial) {
        Villain villain = trial.villain(SPLIT.withRam(RamOptions.of(2 << 20)));
        byte[] frame = Frames.toAll(byteLength, 9);
        villain.transmit().descriptor(0, villain.frameBuffer(frame), Frames.HEADER_BYTES + (long) byteLength, 0, 0);
        villain.transmit().offer(0);
        if (goesOn) {
            trial.yard().awaitAtBystander(frame);
        } else {
            assertDropped(trial, villain, TOO_LONG);
        }
    }

    @Test
    void C10_aChainAsLongAsTheRingGoesOn(Trial trial) {
        Villain villain = trial.villain(SPLIT);
        byte[] frame = Frames.toAll(SIZE * 10, 10);
        long at = villain.frameBuffer(frame);
        for (int i = 0; i < SIZE; i++) {
            int length = i == 0 ? Frames.HEADER_BYTES + 10 : 10;
            villain.transmit().descriptor(i, at, length, i + 1 < SIZE ? NEXT : 0, i + 1);
            at += length;
        }
        villain.transmit().offer(0);
        trial.yard().awaitAtBystander(frame);
    }

    @Test
    void C10_aChainOneLongerThanTheRingBreaksIt(Trial trial) {
        followLoop("0 .. 15 -> 0", trial);
    }

    @Test
    void C11_aHeadMadeAvailableTwiceIsTakenTwiceAndNothingMore(Trial trial) {
        Villain villain = trial.villain(SPLIT);
        byte[] frame = Frames.toAll(FRAME, 11);
        villain.transmit().descriptor(0, villain.frameBuffer(frame), CHAIN, 0, 0);
        villain.transmit().offer(0, 0);
        trial.yard().awaitAtBystander(frame);
        villain.transmit().awaitUsed(2);
    }

    @Test
    void C11_everyAvailableEntryMayBeTheSameHead(Trial trial) {
        Villain villain = trial.villain(SPLIT);
        villain.transmit().descriptor(0, villain.frameBuffer(Frames.toAll(FRAME, 11)), CHAIN, 0, 0);
        villain.transmit().offer(new int[SIZE]);
        villain.transmit().awaitUsed(SIZE);
    }

    /** By option a million: -Dannulet.hostile.chains=1000000. */
    @Test
    void C13_goodFramesFlowAmongBadOnesAndNoSlotIsLost(Trial trial) {
        int chains = Integer.getInteger("annulet.hostile.chains", 200);
        Villain villain = trial.villain(SPLIT);
        VillainQueue transmit = villain.transmit();
        byte[] frame = Frames.toAll(FRAME, 13);
        transmit.descriptor(0, NOWHERE, CHAIN, 0, 0);
        transmit.descriptor(1, villain.frameBuffer(frame), CHAIN, 0, 0);
        for (int i = 1; i <= chains; i++) {
            transmit.offer(0, 1);
            trial.yard().awaitAtBystander(frame);
            transmit.awaitUsedIndex(2 * i);
        }
        trial.expect(BAD_CHAIN, chains);
    }

    @Test
    void C14_aBufferInItsOwnRingHarmsNobody(Trial trial) {
        Villain villain = trial.villain(SPLIT);
        VillainQueue receive = villain.receive();
        VillainQueue transmit = villain.transmit();
        // A receive buffer over the whole of the transmit queue's ring, and one over the receive queue's own.
        long[] victims = {transmit.ring.descriptorHostAddress(), receive.ring.descriptorHostAddress()};
        for (int i = 0; i < 2; i++) {
            villain.memory.mayBeWritten(victims[i], 1024);
            receive.descriptor(i, villain.ram.guestAddressOf(victims[i]), 1024, WRITE, 0);
        }
        receive.offer(0, 1);
        for (int i = 0; i < 2; i++) {
            trial.yard().sendFromBystander(Frames.of(Villain.MAC, Frames.TO_ALL ^ 0x0100_0000_0000L, 1000, i));
        }
        receive.awaitUsedAtLeast(1);
        transmit.kick.signal();
        villain.leave();
        trial.allow("rings.broken|in\\.dropped\\..*|receive.bad-buffers|out.dropped.*");
    }

    @Test
    void C15_aBufferInTheHoleBetweenRegionsIsDropped(Trial trial) {
        Villain villain = trial.villain(SPLIT.withRam(RamOptions.regions(2, 1 << 19, 1 << 20)));
        RamRegion low = villain.ram.regions().getFirst();
        villain.transmit().descriptor(0, low.guestAddress() + low.byteLength() + 4096, CHAIN, 0, 0);
        villain.transmit().offer(0);
        assertDropped(trial, villain, BAD_CHAIN);
    }

    @Test
    void C16_reservedFlagsAreIgnored(Trial trial) {
        Villain villain = trial.villain(SPLIT);
        byte[] frame = Frames.toAll(FRAME, 16);
        villain.transmit().descriptor(0, villain.frameBuffer(frame), CHAIN, 0xfff8, 0);
        villain.transmit().offer(0);
        trial.yard().awaitAtBystander(frame);
    }

    @Test
    void C17_aFrameInARegionRemovedAfterItWasMadeAvailableIsDropped(Trial trial) {
        Villain villain = trial.villain(SPLIT.withRam(RamOptions.regions(2, 1 << 19, 0)));
        RamRegion high = villain.ram.regions().get(1);
        villain.frontEnd.setVringEnable(1, false);
        villain.transmit().descriptor(0, high.guestAddress(), CHAIN, 0, 0);
        // Removed first, so that which of both is first is not left to chance.
        villain.frontEnd.removeMemRegion(high);
        villain.transmit().offer(0);
        villain.frontEnd.setVringEnable(1, true);
        villain.transmit().awaitUsed(1);
        trial.expect(BAD_CHAIN, 1);
    }
}
