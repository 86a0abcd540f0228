package io.annulet.guest.conform;

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
    private static final String MULTIQUEUE = "Multiple queue support";
    private static final int CONNECTIONS = 10;
    private static final int FRAMES = 20;

    private LifeRules() {}

    static List<Rule> all() {
        return List.of(
                rule(
                        "VU-LIFE-01",
                        SECTION,
                        "after a front-end that died amid traffic the next one is served",
                        LifeRules::afterCrash),
                rule(
                        "VU-LIFE-02",
                        SECTION,
                        "after a front-end that died amid a message the next one is served",
                        LifeRules::afterHalfMessage),
                rule(
                        "VU-LIFE-03",
                        SECTION,
                        "after front-ends that connected and said nothing the next one is served",
                        LifeRules::afterSilence),
                rule(
                        "VU-LIFE-04",
                        SECTION,
                        "a front-end that comes back goes on with its rings, from the used index on",
                        LifeRules::comesBack),
                rule(
                        "VU-LIFE-05",
                        SECTION,
                        "a second set-up on the same connection, with memory in another place, works",
                        LifeRules::secondSetUp),
                rule("VU-LIFE-06", SECTION, "a guest that reboots without a word is served", LifeRules::reboots),
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

    private static void secondSetUp(Trial trial) {
        Pair pair = trial.pair(Setup.USUAL);
        ProbeGuest tested = pair.tested();
        stopAll(tested);
        ProbeGuest second = trial.own(tested.withOtherMemory());
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
        ProbeGuest tested =
                trial.attached(0, Setup.USUAL.with(VirtioFeature.NET_MQ).withQueuePairs(2));
        tested.needs(VirtioFeature.NET_MQ, "VIRTIO_NET_F_MQ").needs(ProtocolFeature.MQ);
        if (tested.frontEnd().getQueueNum() < 2) {
            throw Stop.notOffered("more than one pair of queues");
        }
        return tested;
    }

    private static void secondPair(Trial trial) {
        Pair pair = trial.flowing(twoPairs(trial), trial.guest(1, Setup.USUAL));
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
