package io.annulet.hostile;

import static io.annulet.vhostuser.VhostUserRequest.SET_MEM_TABLE;
import static io.annulet.vhostuser.VhostUserRequest.SET_VRING_ADDR;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.annulet.guest.GuestOptions;
import io.annulet.guest.Message;
import io.annulet.guest.Payloads;
import io.annulet.guest.RamRegion;
import io.annulet.guest.SimulatedGuest;
import io.annulet.guest.VhostUserFrontEnd;
import io.annulet.linux.Fd;
import io.annulet.linux.Memfd;
import io.annulet.vhostuser.VhostUserRequest;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Class L of the catalogue: sessions that end, begin again and change in the middle of things. */
@ExtendWith(Hostile.class)
@Timeout(240)
final class LifeCycleCasesTest {

    private static final VillainOptions SPLIT = VillainOptions.SPLIT;
    private static final String CUT_OFF = "front-end.cut-off";

    /** A message as it goes over the socket. */
    private static final class Step {
        final byte[] bytes;
        final Fd[] fds;

        Step(byte[] bytes, Fd... fds) {
            this.bytes = bytes;
            this.fds = fds;
        }
    }

    private static Step step(VhostUserRequest request, byte[] payload, Fd... fds) {
        return new Step(Messages.of(request, Messages.PLAIN, payload), fds);
    }

    /** All that a front-end says until its queues run. */
    private static List<Step> handshake(Villain villain) {
        List<Step> steps = new ArrayList<>();
        steps.add(step(VhostUserRequest.GET_FEATURES, Payloads.nothing()));
        steps.add(step(VhostUserRequest.GET_PROTOCOL_FEATURES, Payloads.nothing()));
        steps.add(step(VhostUserRequest.SET_PROTOCOL_FEATURES, Payloads.u64(villain.frontEnd.protocolFeatures())));
        steps.add(step(VhostUserRequest.SET_OWNER, Payloads.nothing()));
        steps.add(step(VhostUserRequest.SET_FEATURES, Payloads.u64(villain.features())));
        RamRegion region = villain.ram.regions().getFirst();
        steps.add(step(SET_MEM_TABLE, Payloads.memoryTable(List.of(region)), region.file()));
        for (VillainQueue queue : villain.queues) {
            int index = queue.index;
            steps.add(step(VhostUserRequest.SET_VRING_NUM, Payloads.vringState(index, queue.size())));
            steps.add(step(VhostUserRequest.SET_VRING_BASE, Payloads.vringState(index, 0)));
            steps.add(step(
                    SET_VRING_ADDR,
                    Payloads.vringAddress(
                            index,
                            0,
                            queue.ring.descriptorUserAddress(),
                            queue.ring.usedUserAddress(),
                            queue.ring.availUserAddress(),
                            0)));
            steps.add(step(VhostUserRequest.SET_VRING_ERR, Payloads.u64(index), queue.err.fd()));
            steps.add(step(VhostUserRequest.SET_VRING_CALL, Payloads.u64(index), queue.call.fd()));
            steps.add(step(VhostUserRequest.SET_VRING_KICK, Payloads.u64(index), queue.kick.fd()));
            steps.add(step(VhostUserRequest.SET_VRING_ENABLE, Payloads.vringState(index, 1)));
        }
        return steps;
    }

    /** At every byte of every n-th message; by option of each: -Dannulet.hostile.cuts=1. */
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void L01_aHandshakeThatBreaksOffAtAnyByteLeavesNothing(boolean readsReplies, Trial trial) {
        int every = Integer.getInteger("annulet.hostile.cuts", 4);
        Villain villain = trial.villain(SPLIT);
        List<Step> steps = handshake(villain);
        villain.leave();
        int cut = 0;
        for (int number = 0; number < steps.size(); number++) {
            int longest = steps.get(number).bytes.length;
            for (int length = number % every == 0 ? 1 : longest; length <= longest; length++) {
                breakOff(trial, steps.subList(0, number), steps.get(number), length, readsReplies);
                cut += length < longest ? 1 : 0;
            }
        }
        if (readsReplies) {
            trial.expect(CUT_OFF, cut);
        } else {
            // Whoever leaves with replies unread leaves before them or in the middle of a message, as it happens.
            trial.allow(CUT_OFF);
        }
    }

    private static void breakOff(Trial trial, List<Step> before, Step last, int length, boolean readsReplies) {
        try (VhostUserFrontEnd frontEnd = trial.yard().connect()) {
            Talk talk = new Talk(trial, frontEnd);
            for (int i = 0; i < before.size(); i++) {
                talk.say(before.get(i).bytes, before.get(i).fds);
                if (readsReplies && i < 2) {
                    try (Message reply = frontEnd.receive(Trial.LIMIT.toNanos())) {
                        assertTrue(reply != null, "no reply");
                    }
                }
            }
            talk.say(Arrays.copyOf(last.bytes, length), last.fds);
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 4, 7})
    void L02_oneBadRegionOfATableClosesTheDescriptorsOfAll(int bad, Trial trial) {
        Talk talk = Talk.negotiated(trial);
        try (Fd good = Memfd.create("guest-ram", 8 * 4096, true);
                Fd shorter = Memfd.create("guest-ram", 0, true)) {
            byte[][] regions = new byte[8][];
            Fd[] files = new Fd[8];
            for (int i = 0; i < 8; i++) {
                regions[i] = Messages.region(i * 4096L, 4096, i * 4096L, i * 4096L);
                files[i] = i == bad ? shorter : good;
            }
            for (int i = 0; i < 20; i++) {
                talk.isRefused(SET_MEM_TABLE, Messages.table(8, regions), files);
            }
            files[bad] = good;
            talk.isAccepted(SET_MEM_TABLE, Messages.table(8, regions), files);
        }
    }

    @Test
    void L03_aRunningRingStaysWhereItIsUnlessItsNewPlaceIsOne(Trial trial) {
        Villain villain = trial.villain(SPLIT);
        Talk talk = new Talk(trial, villain.frontEnd);
        VillainQueue queue = villain.transmit();
        long descriptors = queue.ring.descriptorUserAddress();
        long used = queue.ring.usedUserAddress();
        long available = queue.ring.availUserAddress();
        for (int i = 0; i < 16; i++) {
            talk.isRefused(SET_VRING_ADDR, Payloads.vringAddress(1, 0, 0, used, available, 0));
            talk.isRefused(SET_VRING_ADDR, Payloads.vringAddress(1, 2, descriptors, used, available, 0));
            talk.isAccepted(SET_VRING_ADDR, Payloads.vringAddress(1, i & 1, descriptors, used, available, 0));
            villain.sendGood(i);
        }
    }

    /** By option a thousand: -Dannulet.hostile.reboots=1000. */
    @Test
    void L04_aGuestMayRebootAgainAndAgain(Trial trial) {
        int reboots = Integer.getInteger("annulet.hostile.reboots", 20);
        try (SimulatedGuest guest = trial.yard().attach(GuestOptions.DEFAULTS)) {
            for (int i = 0; i < reboots; i++) {
                trial.yard().exchange(guest, 10);
                guest.reset();
            }
        }
        // The bystander may be sending while the guest has no queues.
        trial.allow("out\\.dropped\\.not-ready");
    }

    /** The addresses of a queue that is not set up again are gone with GET_VRING_BASE. */
    @Test
    void L04_theAddressesOfAQueueDoNotSurviveItsEnd(Trial trial) {
        Villain villain = trial.villain(SPLIT);
        villain.sendGood(0);
        villain.frontEnd.getVringBase(1);
        Talk talk = new Talk(trial, villain.frontEnd);
        talk.isRefused(
                VhostUserRequest.SET_VRING_KICK,
                Payloads.u64(1),
                villain.transmit().kick.fd());
    }

    @Test
    void L06_callsMayBeReplacedAndTakenAwayWhileTheyAreMade(Trial trial) {
        Villain villain = trial.villain(SPLIT);
        VillainQueue queue = villain.transmit();
        queue.descriptor(0, villain.frameBuffer(Frames.toAll(100, 6)), 112, 0, 0);
        for (int i = 1; i <= 200; i++) {
            queue.offer(0);
            villain.frontEnd.setVringCall(1, i % 2 == 0 ? queue.call.fd() : null);
            queue.awaitUsedIndex(i);
        }
        trial.allow("calls\\.failed");
    }

    @Test
    void L07_onePairOfTwoMayBeUsed(Trial trial) {
        trial.villain(SPLIT.withQueuePairs(1)).sendGood(0);
    }

    @Test
    void L07_theSecondPairAloneMayBeUsed(Trial trial) {
        Villain villain = trial.villain(SPLIT.withQueuePairs(2));
        for (int vring = 0; vring < 2; vring++) {
            villain.frontEnd.getVringBase(vring);
        }
        VillainQueue transmit = villain.queues.get(3);
        byte[] frame = Frames.toAll(100, 7);
        transmit.offerBuffer(0, villain.frameBuffer(frame), 112, 0);
        trial.yard().awaitAtBystander(frame);
        VillainQueue receive = villain.queues.get(2);
        receive.offerBuffer(0, villain.memory.writable(512), 512, VillainQueue.WRITE);
        trial.yard().sendFromBystander(Frames.toAll(200, 7));
        receive.awaitUsed(1);
    }
}
