package io.annulet.guest.conform;

import io.annulet.guest.RamOptions;
import io.annulet.guest.VhostUserFrontEnd;
import io.annulet.vhostuser.MessageLayout;
import io.annulet.vhostuser.ProtocolFeature;
import io.annulet.vhostuser.VhostUserRequest;
import io.annulet.vhostuser.VirtioFeature;
import java.util.Arrays;
import java.util.List;

/** Rules on the end of a connection and the next one, and on several pairs of queues. */
final class LifeRules {

    private static final String SECTION = "Communication";
    private static final String STATES = "Ring states";
    private static final String MULTIQUEUE = "Multiple queue support";
    private static final Setup TWO_PAIRS =
            Setup.USUAL.with(VirtioFeature.NET_MQ).withQueuePairs(2);
    private static final int CONNECTIONS = 10;
    private static final int FRAMES = 20;

    private LifeRules() {}

    static List<Rule> all() {
        return List.of(
                rule(
                                "VU-LIFE-01",
                                SECTION,
                                "after a front-end that died amid traffic the next one is served",
                                LifeRules::afterCrash)
                        .advised(),
                rule(
                                "VU-LIFE-02",
                                SECTION,
                                "after a front-end that died amid a message the next one is served",
                                LifeRules::afterHalfMessage)
                        .advised(),
                rule(
                                "VU-LIFE-03",
                                SECTION,
                                "after front-ends that connected and said nothing the next one is served",
                                LifeRules::afterSilence)
                        .advised(),
                rule(
                                "VU-LIFE-04",
                                SECTION,
                                "a front-end that comes back goes on with its rings, from the used index on",
                                LifeRules::comesBack)
                        .advised(),
                rule(
                        "VU-LIFE-05",
                        STATES,
                        "a second set-up on the same connection, with memory in another place, works",
                        trial -> secondSetUp(trial, elsewhere())),
                rule(
                        "VU-LIFE-06",
                        STATES,
                        "a guest that reboots is served: its rings stop, and start as others",
                        LifeRules::reboots),
                rule("VU-MQ-01", MULTIQUEUE, "frames go out through a second pair of queues", LifeRules::secondPair),
                rule(
                        "VU-MQ-02",
                        MULTIQUEUE,
                        "with one of two pairs enabled frames go both ways",
                        LifeRules::onePairOfTwo));
    }

    private static Rule rule(String id, String section, String expectation, Rule.Check check) {
        return Rule.must(id, Document.VHOST_USER, section, expectation, check).withTraffic();
    }

    private static void bothWays(Pair pair) {
        pair.deliverToTested(TestFrames.MIN_BYTE_LENGTH);
        pair.deliverFromTested(TestFrames.MIN_BYTE_LENGTH);
    }

    /** Another guest on the port, with traffic to the same peer. */
    private static void nextIsServed(Trial trial, ProbeGuest peer) {
        trial.pause();
        bothWays(trial.flowing(trial.attached(0, Setup.USUAL), peer));
    }

    private static void afterCrash(Trial trial) {
        Pair pair = trial.pair(Setup.USUAL);
        for (int i = 0; i < FRAMES; i++) {
            pair.peer().frames().offer(pair.frameToTested(TestFrames.MIN_BYTE_LENGTH));
            pair.tested().frames().offer(pair.frameFromTested(TestFrames.MIN_BYTE_LENGTH));
        }
        pair.peer().frames().flush();
        pair.tested().frames().flush();
        pair.tested().crash();
        nextIsServed(trial, pair.peer());
    }

    private static void afterHalfMessage(Trial trial) {
        ProbeGuest peer = trial.guest(1, Setup.USUAL);
        for (int byteLength : new int[] {1, 11, 12, 15}) {
            VhostUserFrontEnd frontEnd = trial.connect(0);
            byte[] message =
                    MessageRules.bytes(VhostUserRequest.SET_FEATURES.id(), MessageLayout.VERSION, new byte[Long.BYTES]);
            frontEnd.sendBytes(Arrays.copyOf(message, byteLength));
            frontEnd.close();
            trial.pause();
        }
        nextIsServed(trial, peer);
    }

    private static void afterSilence(Trial trial) {
        ProbeGuest peer = trial.guest(1, Setup.USUAL);
        for (int i = 0; i < CONNECTIONS; i++) {
            VhostUserFrontEnd.connect(trial.backEnd().socket(0), trial.limits().waitNanos())
                    .close();
            trial.pause();
        }
        nextIsServed(trial, peer);
    }

    private static void comesBack(Trial trial) {
        Pair pair = trial.pair(Setup.USUAL);
        ProbeGuest tested = pair.tested();
        for (int i = 0; i < FRAMES; i++) {
            bothWays(pair);
        }
        tested.crash();
        trial.pause();
        tested.reattach(trial.connect(0));
        tested.setFeatures();
        tested.shareMemory();
        for (ProbeQueue queue : tested.queues()) {
            tested.describe(queue, queue.raw().usedIndexAcquire());
            tested.start(queue);
            queue.kick();
        }
        tested.enableAll();
        pair.warmUp();
        bothWays(pair);
    }

    private static void stopAll(ProbeGuest guest) {
        guest.queues().forEach(queue -> guest.enable(queue, false));
        guest.queues().forEach(queue -> guest.frontEnd().getVringBase(queue.index()));
    }

    private static RamOptions elsewhere() {
        long guestAddress = 2 * RamOptions.GUEST_BASE;
        long userAddress = RamOptions.USER_BASE + RamOptions.GUEST_BASE;
        return new RamOptions(
                List.of(new RamOptions.Range(guestAddress, userAddress, Setup.USUAL_RAM_BYTES)),
                RamOptions.Backing.SEALABLE_MEMFD,
                false,
                false);
    }

    /** Stops the rings and sets up others in this memory, from the features on. */
    static void secondSetUp(Trial trial, RamOptions memory) {
        Pair pair = trial.pair(Setup.USUAL);
        ProbeGuest tested = pair.tested();
        stopAll(tested);
        ProbeGuest second = trial.own(tested.withOtherMemory(memory));
        second.bringUp();
        Pair next = new Pair(trial, second, pair.peer());
        next.warmUp();
        bothWays(next);
    }

    /** As QEMU does it when its guest reboots: stop, then set up anew from the features on. */
    private static void reboots(Trial trial) {
        Pair pair = trial.pair(Setup.USUAL);
        ProbeGuest tested = pair.tested();
        for (int i = 0; i < 3; i++) {
            stopAll(tested);
            tested.renewQueues(Setup.USUAL_RING_SIZE / 4);
            tested.bringUp();
            pair.warmUp();
            bothWays(pair);
        }
    }

    private static ProbeGuest twoPairs(Trial trial) {
        ProbeGuest tested = trial.attached(0, TWO_PAIRS);
        tested.needs(VirtioFeature.NET_MQ, "VIRTIO_NET_F_MQ").needs(ProtocolFeature.MQ);
        if (tested.frontEnd().getQueueNum() < 2) {
            throw Stop.notOffered("more than one pair of queues");
        }
        return tested;
    }

    /** The peer has two pairs as well: what goes out on the second one may be meant to come in on the second one. */
    private static void secondPair(Trial trial) {
        Pair pair = trial.flowing(twoPairs(trial), trial.guest(1, TWO_PAIRS));
        FramePath second = pair.tested().frames(1);
        for (int i = 0; i < 4; i++) {
            pair.deliverFromTested(TestFrames.MIN_BYTE_LENGTH, frame -> {
                second.offer(frame);
                second.flush();
            });
        }
        trial.await("every buffer comes back", () -> {
            second.reclaim();
            return second.transmit().outstanding() == 0;
        });
    }

    private static void onePairOfTwo(Trial trial) {
        ProbeGuest tested = twoPairs(trial);
        ProbeGuest peer = trial.guest(1, Setup.USUAL);
        tested.prepare();
        tested.queues().forEach(tested::start);
        tested.frames().post(tested.setup().receiveBuffers(), tested.setup().receiveBufferByteLength());
        tested.transmit().kick();
        tested.queues().subList(0, 2).forEach(queue -> tested.enable(queue, true));
        tested.queues().subList(2, 4).forEach(queue -> tested.enable(queue, false));
        Pair pair = new Pair(trial, tested, peer);
        pair.warmUp();
        bothWays(pair);
    }
}
