package io.annulet.guest.conform;

import io.annulet.guest.RawRing;
import io.annulet.vhostuser.VirtioFeature;
import java.util.ArrayList;
import java.util.List;

/** Rules on starting, enabling and disabling rings. */
final class RingStateRules {

    private static final String SECTION = "Ring states";
    private static final int FEW = 8;

    private RingStateRules() {}

    static List<Rule> all() {
        return List.of(
                rule(
                        "VU-RING-01",
                        "a ring whose eventfd was kicked before it was handed over starts, and needs no further kick",
                        RingStateRules::kickedBefore),
                rule(
                        "VU-RING-02",
                        "a ring enabled before it is started is enabled once it is started",
                        RingStateRules::enabledBeforeStarted),
                rule(
                        "VU-RING-03",
                        "a receive queue that is started and not enabled gets no frames",
                        RingStateRules::disabledReceives),
                rule(
                        "VU-RING-04",
                        "receive buffers that came while the queue was disabled are used once it is enabled",
                        RingStateRules::enabledLater),
                rule(
                        "VU-RING-05",
                        "frames on a transmit queue that is started and not enabled are taken",
                        RingStateRules::disabledTransmits),
                rule(
                        "VU-RING-06",
                        "frames on a disabled transmit queue are discarded, also when it is enabled later",
                        RingStateRules::disabledDelivers),
                rule(
                        "VU-RING-07",
                        "a receive queue gets no frames from the moment on when disabling it was answered",
                        RingStateRules::disabledWhileRunning),
                rule(
                        "VU-RING-08",
                        "a queue that was disabled works again once it is enabled",
                        RingStateRules::enabledAgain),
                rule(
                        "VU-RING-09",
                        "SET_FEATURES without VHOST_USER_F_PROTOCOL_FEATURES enables all rings",
                        RingStateRules::withoutProtocolFeatures),
                rule(
                        "VU-RING-10",
                        "SET_FEATURES with the same features does not disable a ring",
                        RingStateRules::featuresAgain),
                rule(
                        "VU-RING-11",
                        "a stopped ring is not worked, though enabled",
                        RingStateRules::stoppedThoughEnabled),
                Rule.must(
                                "VU-RING-12",
                                Document.VHOST_USER_2026,
                                SECTION,
                                "a ring starts when SET_VRING_KICK comes, without any kick",
                                RingStateRules::neverKicked)
                        .withTraffic()
                        .advised());
    }

    private static Rule rule(String id, String expectation, Rule.Check check) {
        return Rule.must(id, Document.VHOST_USER, SECTION, expectation, check).withTraffic();
    }

    /** A guest whose rings are described and hold buffers, not started. */
    private static ProbeGuest prepared(Trial trial) {
        ProbeGuest tested = trial.attached(0, Setup.USUAL.withoutReceiveBuffers());
        tested.needs(VirtioFeature.PROTOCOL_FEATURES, "VHOST_USER_F_PROTOCOL_FEATURES");
        tested.prepare();
        for (int i = 0; i < FEW; i++) {
            tested.frames().offerReceive(2048);
        }
        tested.receive().publish();
        return tested;
    }

    private static void kickedBefore(Trial trial) {
        ProbeGuest peer = trial.guest(1, Setup.USUAL);
        ProbeGuest tested = prepared(trial);
        Pair pair = new Pair(trial, tested, peer);
        tested.frames().offer(pair.frameFromTested(TestFrames.MIN_BYTE_LENGTH));
        tested.queues().forEach(queue -> {
            queue.publish();
            queue.kick();
        });
        tested.queues().forEach(tested::start);
        tested.enableAll();
        trial.await(
                "the frame that was available is taken", () -> tested.frames().reclaim() > 0);
        tested.frames().keepUsedBuffers();
        pair.deliverToTested(TestFrames.MIN_BYTE_LENGTH);
    }

    private static void neverKicked(Trial trial) {
        ProbeGuest peer = trial.guest(1, Setup.USUAL);
        ProbeGuest tested = prepared(trial);
        Pair pair = new Pair(trial, tested, peer);
        tested.frames().offer(pair.frameFromTested(TestFrames.MIN_BYTE_LENGTH));
        tested.transmit().publish();
        tested.queues().forEach(tested::start);
        tested.enableAll();
        trial.await(
                "the frame that was available is taken", () -> tested.frames().reclaim() > 0);
        tested.frames().keepUsedBuffers();
        pair.deliverToTested(TestFrames.MIN_BYTE_LENGTH);
    }

    private static void enabledBeforeStarted(Trial trial) {
        ProbeGuest peer = trial.guest(1, Setup.USUAL);
        ProbeGuest tested = prepared(trial);
        tested.enableAll();
        tested.queues().forEach(tested::start);
        tested.queues().forEach(ProbeQueue::kick);
        Pair pair = new Pair(trial, tested, peer);
        pair.warmUp();
        pair.deliverToTested(TestFrames.MIN_BYTE_LENGTH);
    }

    /** A guest whose rings were started by a kick and not enabled, and its peer. */
    private static Pair startedAndDisabled(Trial trial) {
        ProbeGuest peer = trial.guest(1, Setup.USUAL);
        ProbeGuest tested = prepared(trial);
        tested.queues().forEach(tested::start);
        tested.queues().forEach(ProbeQueue::kick);
        tested.settle();
        return new Pair(trial, tested, peer);
    }

    private static void sendToTested(Pair pair, int count) {
        for (int i = 0; i < count; i++) {
            pair.peer().frames().offer(pair.frameToTested(TestFrames.MIN_BYTE_LENGTH));
        }
        pair.peer().frames().flush();
    }

    private static void disabledReceives(Trial trial) {
        Pair pair = startedAndDisabled(trial);
        sendToTested(pair, FEW);
        RawRing ring = pair.tested().receive().raw();
        trial.quiet("no receive buffer is used", "a receive buffer was used", () -> ring.usedIndexAcquire() != 0);
    }

    private static void enabledLater(Trial trial) {
        Pair pair = startedAndDisabled(trial);
        trial.pause();
        pair.tested().enableAll();
        pair.tested().frames().keepUsedBuffers();
        pair.deliverToTested(TestFrames.MIN_BYTE_LENGTH);
    }

    private static void disabledTransmits(Trial trial) {
        Pair pair = startedAndDisabled(trial);
        FramePath frames = pair.tested().frames();
        frames.offer(pair.frameFromTested(TestFrames.MIN_BYTE_LENGTH));
        frames.flush();
        trial.await("the frame is taken", () -> frames.reclaim() > 0);
    }

    /** Enabled once before, so that the way to the peer is known to be open. */
    private static void disabledDelivers(Trial trial) {
        Pair pair = trial.pair(Setup.USUAL);
        ProbeGuest tested = pair.tested().needs(VirtioFeature.PROTOCOL_FEATURES, "VHOST_USER_F_PROTOCOL_FEATURES");
        disable(trial, tested, tested.transmit());
        byte[] lost = pair.frameFromTested(TestFrames.MIN_BYTE_LENGTH);
        tested.frames().offer(lost);
        tested.frames().flush();
        pair.neverArrives(pair.peer(), lost, "a frame sent while the queue is disabled is not delivered");
        trial.await(
                "the frame is taken while the queue is disabled",
                () -> tested.frames().reclaim() > 0);
        tested.enable(tested.transmit(), true);
        pair.neverArrives(pair.peer(), lost, "a frame sent while the queue was disabled is not delivered later");
        pair.deliverFromTested(TestFrames.MIN_BYTE_LENGTH);
    }

    private static void disable(Trial trial, ProbeGuest guest, ProbeQueue queue) {
        trial.await("transmit buffers come back", () -> {
            guest.frames().reclaim();
            return guest.transmit().outstanding() == 0;
        });
        guest.enable(queue, false);
        guest.settle();
    }

    private static void disabledWhileRunning(Trial trial) {
        Pair pair = trial.pair(Setup.USUAL);
        ProbeGuest tested = pair.tested().needs(VirtioFeature.PROTOCOL_FEATURES, "VHOST_USER_F_PROTOCOL_FEATURES");
        disable(trial, tested, tested.receive());
        int usedIndex = tested.receive().raw().usedIndexAcquire();
        sendToTested(pair, FEW);
        trial.quiet(
                "no receive buffer is used",
                "a receive buffer was used",
                () -> tested.receive().raw().usedIndexAcquire() != usedIndex);
    }

    private static void enabledAgain(Trial trial) {
        Pair pair = trial.pair(Setup.USUAL);
        ProbeGuest tested = pair.tested().needs(VirtioFeature.PROTOCOL_FEATURES, "VHOST_USER_F_PROTOCOL_FEATURES");
        tested.queues().forEach(queue -> disable(trial, tested, queue));
        trial.pause();
        tested.enableAll();
        pair.deliverToTested(TestFrames.MIN_BYTE_LENGTH);
        pair.deliverFromTested(TestFrames.MIN_BYTE_LENGTH);
    }

    private static void withoutProtocolFeatures(Trial trial) {
        Pair pair = trial.pair(Setup.USUAL.without(VirtioFeature.PROTOCOL_FEATURES));
        pair.deliverToTested(TestFrames.MIN_BYTE_LENGTH);
        pair.deliverFromTested(TestFrames.MIN_BYTE_LENGTH);
    }

    private static void featuresAgain(Trial trial) {
        Pair pair = trial.pair(Setup.USUAL);
        pair.tested().setFeatures();
        pair.tested().settle();
        pair.deliverToTested(TestFrames.MIN_BYTE_LENGTH);
        pair.deliverFromTested(TestFrames.MIN_BYTE_LENGTH);
    }

    /** Stopped by GET_VRING_BASE, never disabled. */
    private static void stoppedThoughEnabled(Trial trial) {
        Pair pair = trial.pair(Setup.USUAL);
        ProbeGuest tested = pair.tested();
        trial.await("transmit buffers come back", () -> {
            tested.frames().reclaim();
            return tested.transmit().outstanding() == 0;
        });
        List<Integer> before = new ArrayList<>();
        for (ProbeQueue queue : tested.queues()) {
            tested.frontEnd().getVringBase(queue.index());
            before.add(queue.raw().usedIndexAcquire());
        }
        tested.frames().offer(pair.frameFromTested(TestFrames.MIN_BYTE_LENGTH));
        tested.frames().flush();
        sendToTested(pair, FEW);
        trial.quiet(
                "no buffer is used",
                "a buffer was used",
                () -> tested.queues().stream()
                        .anyMatch(queue -> queue.raw().usedIndexAcquire() != before.get(queue.index())));
    }
}
