package io.annulet.hostile;

import static io.annulet.hostile.VillainQueue.AVAILABLE;
import static io.annulet.hostile.VillainQueue.INDIRECT;
import static io.annulet.hostile.VillainQueue.NEXT;
import static io.annulet.hostile.VillainQueue.USED;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import io.annulet.guest.GuestOptions;
import io.annulet.guest.QueueOptions;
import io.annulet.guest.SimulatedGuest;
import io.annulet.journey.PacedTraffic;
import io.annulet.vhostuser.VirtioFeature;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Class E of the catalogue: what only packed rings have. */
@ExtendWith(Hostile.class)
@Timeout(120)
final class PackedRingCasesTest {

    private static final VillainOptions PACKED = VillainOptions.PACKED;
    private static final int SIZE = PACKED.ringSize();
    private static final int FRAME = 100;
    private static final int CHAIN = Frames.HEADER_BYTES + FRAME;
    private static final long NOWHERE = 0xdead_0000_0000L;

    private static void assertBroken(Trial trial, Villain villain) {
        trial.expect("rings.broken", 1);
        villain.transmit().awaitBroken();
    }

    @ParameterizedTest
    @ValueSource(ints = {0, USED, AVAILABLE | USED})
    void E01_aDescriptorThatIsNotAvailableIsNotTaken(int flags, Trial trial) {
        Villain villain = trial.villain(PACKED);
        VillainQueue transmit = villain.transmit();
        byte[] frame = Frames.toAll(FRAME, 1);
        long buffer = villain.frameBuffer(frame);
        transmit.packedDescriptorAsIs(0, buffer, CHAIN, 0, flags);
        transmit.packedDescriptor(1, buffer, CHAIN, 1, 0);
        transmit.kick();
        trial.yard().awaitCanary();
        assertFalse(transmit.isUsed(1));
        transmit.packedDescriptor(0, buffer, CHAIN, 0, 0);
        transmit.kick();
        trial.yard().awaitAtBystander(frame);
        transmit.awaitUsed(2);
    }

    /** VIRTIO 1.2, "Driver Requirements: Updating flags": the first descriptor decides, since it is written last. */
    @ParameterizedTest
    @ValueSource(ints = {0, USED, AVAILABLE | USED})
    void E02_whoseTheRestOfAChainIsIsNotAsked(int flags, Trial trial) {
        Villain villain = trial.villain(PACKED);
        VillainQueue transmit = villain.transmit();
        byte[] frame = Frames.toAll(FRAME, 2);
        long buffer = villain.frameBuffer(frame);
        transmit.packedDescriptorAsIs(1, buffer + 12, 50, 0, NEXT | flags);
        transmit.packedDescriptor(2, buffer + 62, 50, 7, 0);
        transmit.packedDescriptor(0, buffer, 12, 0, NEXT);
        transmit.kick();
        trial.yard().awaitAtBystander(frame);
        transmit.awaitUsed(1);
        transmit.assertUsed(0, 7, 0);
    }

    @Test
    void E03_aChainLongerThanTheRingBreaksIt(Trial trial) {
        Villain villain = trial.villain(PACKED);
        long buffer = villain.frameBuffer(Frames.toAll(FRAME, 3));
        for (int i = SIZE - 1; i >= 0; i--) {
            villain.transmit().packedDescriptor(i, buffer, CHAIN, i, NEXT);
        }
        villain.transmit().kick();
        assertBroken(trial, villain);
    }

    @Test
    void E03_aChainMayGoOnAtTheBeginningOfTheRing(Trial trial) {
        Villain villain = trial.villain(PACKED);
        VillainQueue transmit = villain.transmit();
        for (int i = 0; i < SIZE - 1; i++) {
            villain.sendGood(i);
        }
        transmit.awaitUsed(SIZE - 1);
        byte[] frame = Frames.toAll(FRAME, 3);
        long buffer = villain.frameBuffer(frame);
        transmit.packedDescriptorAsIs(0, buffer + 12, 100, 3, USED);
        transmit.packedDescriptor(SIZE - 1, buffer, 12, 3, NEXT);
        transmit.kick();
        trial.yard().awaitAtBystander(frame);
    }

    /** The rest of the chain is what stood there: nothing. */
    @Test
    void E04_aChainMadeAvailableBeforeItIsCompleteIsWhatItIs(Trial trial) {
        Villain villain = trial.villain(PACKED);
        villain.transmit().packedDescriptor(0, villain.frameBuffer(Frames.toAll(FRAME, 4)), 12, 0, NEXT);
        villain.transmit().kick();
        trial.expect("in.dropped.too-short", 1);
        villain.transmit().awaitUsed(1);
        villain.sendGood(2);
    }

    /** CVE-2026-16457: elsewhere this went round and round. */
    @Test
    void E05_aTableThatGoesOnInTheRingBreaksItAndNothingGoesRound(Trial trial) {
        Villain villain = trial.villain(PACKED);
        villain.transmit().packedDescriptor(0, villain.memory.readable(new byte[4096]), 4096, 0, INDIRECT | NEXT);
        villain.transmit().kick();
        assertBroken(trial, villain);
    }

    /** Ids are the driver's own; it gets them back as they were. */
    @ParameterizedTest
    @CsvSource({"16, 17, 18", "65535, 65535, 65535", "0, 0, 0", "5, 4, 5"})
    void E06_anyIdComesBackAsItWas(int first, int second, int third, Trial trial) {
        Villain villain = trial.villain(PACKED);
        VillainQueue transmit = villain.transmit();
        int[] ids = {first, second, third};
        for (int i = 2; i >= 0; i--) {
            transmit.packedDescriptor(i, villain.frameBuffer(Frames.toAll(FRAME, i)), CHAIN, ids[i], 0);
        }
        transmit.kick();
        transmit.awaitUsed(3);
        for (int i = 0; i < 3; i++) {
            transmit.assertUsed(i, ids[i], 0);
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 7, 1000})
    void E07_aRingMayBeOfAnySize(int size, Trial trial) {
        Villain villain = trial.villain(PACKED.withRingSize(size));
        for (int i = 0; i < Math.min(size, 20); i++) {
            villain.sendGood(i);
        }
    }

    @ParameterizedTest
    @CsvSource({"0, 4", "1, 4", "2, 4", "3, 4", "0, 16", "15, 16", "7, 8"})
    void E08_oneBadDescriptorInABatchIsOneFrameLost(int bad, int count, Trial trial) {
        Villain villain = trial.villain(PACKED);
        VillainQueue transmit = villain.transmit();
        for (int i = count - 1; i >= 0; i--) {
            long buffer = villain.frameBuffer(Frames.toAll(FRAME, i));
            // Length 0 with a bad address is an empty frame (CVE-2020-10725).
            transmit.packedDescriptor(i, i == bad ? NOWHERE : buffer, i == bad && bad % 2 == 0 ? 0 : CHAIN, i, 0);
        }
        transmit.kick();
        transmit.awaitUsed(count);
        trial.expect(bad % 2 == 0 ? "in.dropped.too-short" : "in.dropped.bad-chain", 1);
        trial.yard().awaitAtBystander(Frames.toAll(FRAME, bad == count - 1 ? count - 2 : count - 1));
    }

    @Test
    void E08_aBatchMayLieAcrossTheEndOfTheRing(Trial trial) {
        Villain villain = trial.villain(PACKED);
        VillainQueue transmit = villain.transmit();
        for (int i = 0; i < SIZE - 2; i++) {
            villain.sendGood(i);
        }
        transmit.awaitUsed(SIZE - 2);
        byte[] last = Frames.toAll(FRAME, 99);
        transmit.packedDescriptorAsIs(1, villain.frameBuffer(last), CHAIN, 1, USED);
        transmit.packedDescriptorAsIs(0, NOWHERE, CHAIN, 0, USED);
        transmit.packedDescriptor(SIZE - 1, villain.frameBuffer(Frames.toAll(FRAME, 98)), CHAIN, 15, 0);
        transmit.packedDescriptor(SIZE - 2, villain.frameBuffer(Frames.toAll(FRAME, 97)), CHAIN, 14, 0);
        transmit.kick();
        trial.yard().awaitAtBystander(last);
        trial.expect("in.dropped.bad-chain", 1);
    }

    /** The driver's event area: position with wrap counter, then flags. */
    @ParameterizedTest
    @CsvSource({"0xffff, 2", "0x7fff, 2", "0x8010, 2", "16, 2", "0, 3", "0xffff, 3", "0xffff, 0xffff", "0, 1"})
    void E09_whateverStandsInTheEventAreaFramesFlow(String position, String flags, Trial trial) {
        Villain villain = trial.villain(PACKED.with(VirtioFeature.EVENT_IDX));
        VillainQueue transmit = villain.transmit();
        for (VillainQueue queue : villain.queues) {
            queue.keep(() -> {
                queue.ring.availFlags(Integer.decode(position));
                queue.ring.availIndex(Integer.decode(flags));
            });
        }
        for (int i = 0; i < SIZE; i++) {
            villain.sendGood(i);
        }
        transmit.awaitUsed(SIZE);
    }

    /** By option 70,000: -Dannulet.hostile.wraps=70000. */
    @Test
    void E10_manyRoundsThroughASmallRingLoseNoNotification(Trial trial) {
        int rounds = Integer.getInteger("annulet.hostile.wraps", 1000);
        GuestOptions options = GuestOptions.DEFAULTS
                .withFeatures(GuestOptions.LINUX_FEATURES | VirtioFeature.RING_PACKED)
                .withQueues(QueueOptions.DEFAULTS.withRingSize(4));
        try (SimulatedGuest guest = trial.yard().attach(options)) {
            PacedTraffic traffic = new PacedTraffic(
                    guest, PacedTraffic.mac(0xe10), trial.yard().bystander(), PacedTraffic.mac(0xe11), 2);
            // Up to 1,514 bytes: the villain's port promises an MTU of 1,500, and a longer frame is dropped.
            traffic.exchange(4 * rounds, number -> 60 + number % 1455, Trial.LIMIT.multipliedBy(10));
            assertEquals(8L * rounds, traffic.received());
        }
    }
}
