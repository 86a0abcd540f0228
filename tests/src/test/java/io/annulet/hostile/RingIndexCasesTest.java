package io.annulet.hostile;

import static io.annulet.hostile.VillainQueue.WRITE;
import static org.junit.jupiter.api.Assertions.assertEquals;

import io.annulet.guest.Payloads;
import io.annulet.memory.HostMemory;
import io.annulet.vhostuser.VhostUserRequest;
import io.annulet.vhostuser.VirtioFeature;
import io.annulet.vring.SplitRing;
import java.util.Random;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Class G of the catalogue: indexes, used rings and notifications. */
@ExtendWith(Hostile.class)
@Timeout(120)
final class RingIndexCasesTest {

    private static final VillainOptions SPLIT = VillainOptions.SPLIT;
    private static final int SIZE = 16;
    private static final long SEED = 20_261_127;
    private static final int LONGEST_GAP_NANOS = 300_000;

    @ParameterizedTest
    @ValueSource(ints = {SIZE + 1, 32768, 0xffff, 1000})
    void G01_anAvailableIndexThatJumpsBreaksTheRing(int index, Trial trial) {
        Villain villain = trial.villain(SPLIT);
        villain.transmit().publish(index);
        trial.expect("rings.broken", 1);
        villain.transmit().awaitBroken();
        villain.transmit().awaitUsed(0);
    }

    @Test
    void G01_anAvailableIndexThatGoesBackBreaksTheRing(Trial trial) {
        Villain villain = trial.villain(SPLIT);
        villain.sendGood(0);
        villain.sendGood(1);
        villain.transmit().publish(1);
        trial.expect("rings.broken", 1);
        villain.transmit().awaitBroken();
    }

    @Test
    void G01_theOtherQueuesOfThePortGoOn(Trial trial) {
        Villain villain = trial.villain(SPLIT);
        villain.receive().publish(32768);
        trial.yard().sendFromBystander(Frames.toAll(100, 1));
        trial.expect("rings.broken", 1);
        trial.expect("out.dropped.no-buffer", 1);
        villain.receive().awaitBroken();
        villain.sendGood(0);
    }

    @ParameterizedTest
    @ValueSource(ints = {0xffff, 0xfffe, 0x8000, 1})
    void G02_aRingMayBeginAtAnyIndexAndWraps(int base, Trial trial) {
        Villain villain = trial.villain(SPLIT.withBaseIndex(base));
        for (int i = 0; i < 2 * SIZE; i++) {
            villain.sendGood(i % SIZE);
        }
        villain.transmit().awaitUsed(2 * SIZE);
    }

    @ParameterizedTest
    @ValueSource(ints = {0x10000, Integer.MAX_VALUE, -1})
    void G02_aSplitRingHasNoSuchBase(int base, Trial trial) {
        Talk.negotiated(trial).isRefused(VhostUserRequest.SET_VRING_BASE, Payloads.vringState(0, base));
    }

    /** A driver that does not wait for what it made available, from before the ring was started. */
    @ParameterizedTest
    @CsvSource({"16, false", "17, true", "40, true"})
    void G03_moreChainsThanTheRingHasBreakIt(int chains, boolean breaks, Trial trial) {
        Villain villain = trial.villain(SPLIT);
        VillainQueue transmit = villain.transmit();
        villain.frontEnd.getVringBase(1);
        transmit.clear();
        transmit.descriptor(0, villain.frameBuffer(Frames.toAll(100, 3)), 112, 0, 0);
        transmit.publish(chains);
        villain.start(transmit);
        transmit.kick();
        if (breaks) {
            trial.expect("rings.broken", 1);
            transmit.awaitBroken();
        } else {
            transmit.awaitUsed(chains);
        }
    }

    /** By option 10,000: -Dannulet.hostile.switches=10000. */
    @Test
    void G04_aQueueMayBeEnabledAndDisabledWithoutEndUnderLoad(Trial trial) {
        int switches = Integer.getInteger("annulet.hostile.switches", 300);
        Villain villain = trial.villain(SPLIT);
        VillainQueue transmit = villain.transmit();
        transmit.descriptor(0, villain.frameBuffer(Frames.toAll(100, 4)), 112, 0, 0);
        for (int i = 1; i <= switches; i++) {
            transmit.offer(0);
            villain.frontEnd.setVringEnable(1, i % 2 == 0);
            villain.frontEnd.setVringEnable(0, i % 3 == 0);
            transmit.awaitUsedIndex(i);
            trial.yard().drainBystander();
        }
        villain.frontEnd.setVringEnable(1, true);
        // Which side of the switch each of them is on is not ours to say.
        trial.allow("in\\.dropped\\.disabled");
    }

    @Test
    void G05_whatADriverWritesIntoTheUsedRingIsNotReadBack(Trial trial) {
        Villain villain = trial.villain(SPLIT);
        VillainQueue transmit = villain.transmit();
        villain.sendGood(0);
        transmit.awaitUsed(1);
        transmit.ring.usedIndex(77);
        for (int slot = 0; slot < SIZE; slot++) {
            transmit.ring.usedElement(slot, -1, -1);
        }
        transmit.ring.usedFlags(0xffff);
        villain.sendGood(1);
        transmit.awaitUsed(2);
        transmit.assertUsed(1, 1, 0);
    }

    @ParameterizedTest
    @ValueSource(longs = {0, VirtioFeature.EVENT_IDX})
    void G06_whateverTheDriverAsksForFramesFlow(long events, Trial trial) {
        Villain villain = trial.villain(SPLIT.with(events));
        Random random = new Random(SEED);
        for (int i = 0; i < 100; i++) {
            for (VillainQueue queue : villain.queues) {
                queue.keep(() -> {
                    queue.ring.usedEvent(random.nextInt(10) == 0 ? 0xffff : random.nextInt(0x10000));
                    queue.ring.availFlags(random.nextInt(0x10000));
                });
            }
            villain.sendGood(i % SIZE);
        }
    }

    /** By option a million: -Dannulet.hostile.kicks=1000000. */
    @Test
    void G06_kicksWithoutWorkAndWorkWithoutKicks(Trial trial) {
        int kicks = Integer.getInteger("annulet.hostile.kicks", 20_000);
        Villain villain = trial.villain(SPLIT);
        for (int i = 0; i < kicks; i++) {
            villain.transmit().kick.signal();
        }
        villain.sendGood(0);
        villain.frontEnd.getVringBase(1);
        villain.transmit().clear();
        // Without a descriptor the back-end has to look by itself.
        villain.describe(villain.transmit());
        villain.frontEnd.setVringCall(1, villain.transmit().call.fd());
        villain.frontEnd.setVringKick(1, null);
        villain.sendGood(0);
    }

    @Test
    void G07_aKickBeforeTheStartOrAfterTheEndIsNone(Trial trial) {
        Villain villain = trial.villain(SPLIT);
        VillainQueue transmit = villain.transmit();
        villain.frontEnd.getVringBase(1);
        transmit.clear();
        byte[] frame = Frames.toAll(100, 7);
        transmit.offerBuffer(0, villain.frameBuffer(frame), 112, 0);
        transmit.kick();
        villain.frontEnd.getFeatures();
        trial.yard().awaitCanary();
        assertEquals(0, transmit.usedCount());
        villain.start(transmit);
        trial.yard().awaitAtBystander(frame);
        villain.frontEnd.getVringBase(1);
        transmit.kick();
        trial.yard().awaitCanary();
        transmit.awaitUsed(1);
    }

    /** By option ten million: -Dannulet.hostile.sleeps=10000000. A driver that kicks only where it is asked to. */
    @Test
    void G09_noKickIsLostHoweverOftenTheWorkerFallsAsleep(Trial trial) {
        int rounds = Integer.getInteger("annulet.hostile.sleeps", 1_000);
        Villain villain = trial.villain(SPLIT);
        VillainQueue queue = villain.transmit();
        queue.descriptor(0, villain.frameBuffer(Frames.toAll(60, 1)), Frames.HEADER_BYTES + 60L, 0, 0);
        queue.remember();
        Random random = new Random(9);
        for (int i = 1; i <= rounds; i++) {
            HostMemory.releaseFence();
            queue.ring.availIndex(i & 0xffff);
            HostMemory.fullFence();
            if ((queue.ring.usedFlags() & SplitRing.USED_FLAG_NO_NOTIFY) == 0) {
                queue.kick.signal();
            }
            queue.awaitUsedSoon(i);
            trial.yard().drainBystander();
            LockSupport.parkNanos(random.nextInt(LONGEST_GAP_NANOS));
        }
        queue.remember();
    }

    @Test
    void G10_writtenBytesAreToldExactly(Trial trial) {
        Villain villain = trial.villain(SPLIT);
        VillainQueue receive = villain.receive();
        villain.sendGood(0);
        villain.transmit().assertUsed(0, 0, 0);
        int[] buffers = {2048, 600, 600, 100, 100, 100};
        for (int i = 0; i < buffers.length; i++) {
            receive.descriptor(i, villain.memory.writable(buffers[i]), buffers[i], WRITE, 0);
        }
        receive.offer(0, 1, 2, 3, 4, 5);
        trial.yard().sendFromBystander(Frames.toAll(60, 1));
        trial.yard().sendFromBystander(Frames.toAll(1000, 2));
        trial.yard().sendFromBystander(Frames.toAll(288, 3));
        receive.awaitUsed(6);
        int[] written = {72, 600, 412, 100, 100, 100};
        for (int i = 0; i < written.length; i++) {
            receive.assertUsed(i, i, written[i]);
        }
    }
}
