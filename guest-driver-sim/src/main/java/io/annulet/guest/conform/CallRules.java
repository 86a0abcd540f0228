package io.annulet.guest.conform;

import io.annulet.guest.RawRing;
import io.annulet.linux.FileDescriptors;
import io.annulet.vhostuser.VirtioFeature;
import java.util.List;
import java.util.SplittableRandom;

/** Rules on notifications, both ways: none that is due may be missing, and those not wanted are not sent. */
final class CallRules {

    private static final String USED = "Used Buffer Notification Suppression";
    private static final String AVAILABLE = "Available Buffer Notification Suppression";
    private static final int ROUNDS = 400;
    private static final int MAX_BATCH = 8;
    private static final int FRAMES = 64;
    private static final int BEFORE_THE_WRAP = 65_000;
    private static final int NOT_SOON = 30_000;

    private CallRules() {}

    static List<Rule> all() {
        return List.of(
                rule(
                        "VQ-CALL-01",
                        USED,
                        "a used transmit buffer is called if flags is 0",
                        trial -> transmitCalled(trial, Setup.USUAL)),
                rule(
                        "VQ-CALL-02",
                        USED,
                        "a used receive buffer is called if flags is 0",
                        trial -> receiveCalled(trial, Setup.USUAL)),
                rule("VQ-CALL-03", USED, "no call if flags is 1", trial -> suppressedByFlag(trial, Setup.USUAL))
                        .advised(),
                rule(
                        "VQ-CALL-04",
                        USED,
                        "with EVENT_IDX a transmit buffer used at used_event is called",
                        trial -> transmitCalled(trial, Setup.USUAL.with(VirtioFeature.EVENT_IDX))),
                rule(
                        "VQ-CALL-05",
                        USED,
                        "with EVENT_IDX a receive buffer used at used_event is called",
                        trial -> receiveCalled(trial, Setup.USUAL.with(VirtioFeature.EVENT_IDX))),
                rule("VQ-CALL-06", USED, "with EVENT_IDX flags is ignored", CallRules::flagIgnored),
                rule(
                                "VQ-CALL-07",
                                USED,
                                "with EVENT_IDX there is no call before used_event is reached",
                                CallRules::suppressedByIndex)
                        .advised(),
                rule(
                        "VQ-CALL-08",
                        USED,
                        "no call is lost in " + ROUNDS + " rounds of random batches",
                        trial -> noCallLost(trial, Setup.USUAL)),
                rule(
                        "VQ-CALL-09",
                        USED,
                        "with EVENT_IDX no call is lost in " + ROUNDS + " rounds, past the wrap of the index",
                        trial -> noCallLost(
                                trial, Setup.USUAL.with(VirtioFeature.EVENT_IDX).withBaseIndex(BEFORE_THE_WRAP))),
                rule(
                        "VQ-KICK-01",
                        AVAILABLE,
                        "nothing is forgotten when the driver kicks only if flags asks for it",
                        trial -> kickedAsAsked(trial, Setup.USUAL)),
                rule(
                        "VQ-KICK-02",
                        AVAILABLE,
                        "with EVENT_IDX nothing is forgotten when the driver kicks only as avail_event asks",
                        trial -> kickedAsAsked(
                                trial, Setup.USUAL.with(VirtioFeature.EVENT_IDX).withBaseIndex(BEFORE_THE_WRAP))),
                rule(
                        "VQ-KICK-03",
                        AVAILABLE,
                        "the used ring's flags are 0 or 1",
                        trial -> usedFlags(trial, Setup.USUAL, 1)),
                rule(
                        "VQ-KICK-04",
                        AVAILABLE,
                        "with EVENT_IDX the used ring's flags are 0",
                        trial -> usedFlags(trial, Setup.USUAL.with(VirtioFeature.EVENT_IDX), 0)),
                rule("VQ-KICK-05", AVAILABLE, "kicks without new buffers do no harm", CallRules::spuriousKicks));
    }

    private static Rule rule(String id, String section, String expectation, Rule.Check check) {
        return Rule.must(id, Document.VIRTIO, section, expectation, check).withTraffic();
    }

    /** A pair whose tested guest has acknowledged what the set-up wants. */
    private static Pair pair(Trial trial, Setup setup) {
        Pair pair = trial.pair(setup);
        if ((setup.features() & VirtioFeature.EVENT_IDX) != 0) {
            pair.tested().needs(VirtioFeature.EVENT_IDX, "VIRTIO_F_EVENT_IDX");
        }
        return pair;
    }

    private static void awaitAllBack(Trial trial, FramePath frames) {
        trial.await("every buffer comes back", () -> {
            frames.reclaim();
            return frames.transmit().outstanding() == 0;
        });
    }

    private static void called(Trial trial, ProbeQueue queue, String when) {
        Stop.unless(
                FileDescriptors.awaitReadable(
                        queue.callFd().fd(), trial.limits().waitNanos()),
                "a call " + when,
                "none within " + Trial.seconds(trial.limits().waitNanos())
                        + (queue.hasUsed() ? ", though buffers were used" : ", and no buffer was used"));
        queue.takeCalls();
    }

    private static void offer(Pair pair, int count) {
        for (int i = 0; i < count; i++) {
            pair.tested().frames().offer(pair.frameFromTested(TestFrames.MIN_BYTE_LENGTH));
        }
    }

    private static void transmitCalled(Trial trial, Setup setup) {
        Pair pair = pair(trial, setup);
        FramePath frames = pair.tested().frames();
        awaitAllBack(trial, frames);
        frames.transmit().requestCalls();
        frames.transmit().takeCalls();
        offer(pair, 1);
        frames.flush();
        called(trial, frames.transmit(), "when the buffer was used");
    }

    private static void receiveCalled(Trial trial, Setup setup) {
        Pair pair = pair(trial, setup);
        ProbeQueue receive = pair.tested().receive();
        pair.deliverToTested(TestFrames.MIN_BYTE_LENGTH);
        while (pair.tested().frames().poll() != null) {
            // Nothing more is under way then.
        }
        receive.requestCalls();
        receive.takeCalls();
        pair.deliverToTested(TestFrames.MIN_BYTE_LENGTH);
        called(trial, receive, "when the buffer was used");
    }

    static void suppressedByFlag(Trial trial, Setup setup) {
        Pair pair = trial.pair(setup);
        noCalls(
                trial,
                pair,
                "calls are not wanted",
                () -> pair.tested().queues().forEach(ProbeQueue::suppressCalls));
    }

    private static void suppressedByIndex(Trial trial) {
        Pair pair = pair(trial, Setup.USUAL.with(VirtioFeature.EVENT_IDX));
        noCalls(
                trial,
                pair,
                "used_event is far ahead",
                () -> pair.tested().queues().forEach(queue -> {
                    queue.suppressCalls();
                    queue.raw().usedEvent(queue.raw().usedIndexAcquire() + NOT_SOON & 0xffff);
                }));
    }

    /** Traffic both ways after calls were suppressed; one call may have been on its way then. */
    private static void noCalls(Trial trial, Pair pair, String when, Runnable suppress) {
        FramePath frames = pair.tested().frames();
        awaitAllBack(trial, frames);
        suppress.run();
        trial.pause();
        pair.tested().queues().forEach(ProbeQueue::takeCalls);
        offer(pair, FRAMES);
        frames.flush();
        awaitAllBack(trial, frames);
        for (int i = 0; i < MAX_BATCH; i++) {
            pair.deliverToTested(TestFrames.MIN_BYTE_LENGTH);
        }
        for (ProbeQueue queue : pair.tested().queues()) {
            long calls = queue.takeCalls();
            Stop.unless(calls == 0, "no call while " + when, calls + " calls on queue " + queue.index());
        }
    }

    private static void flagIgnored(Trial trial) {
        Pair pair = pair(trial, Setup.USUAL.with(VirtioFeature.EVENT_IDX));
        FramePath frames = pair.tested().frames();
        awaitAllBack(trial, frames);
        frames.transmit().raw().availFlags(1);
        frames.transmit().requestCalls();
        frames.transmit().takeCalls();
        offer(pair, 1);
        frames.flush();
        called(trial, frames.transmit(), "at used_event, though flags is 1");
    }

    /** Each round waits for nothing but a call, as a driver that sleeps does. */
    static void noCallLost(Trial trial, Setup setup) {
        Pair pair = pair(trial, setup);
        FramePath frames = pair.tested().frames();
        awaitAllBack(trial, frames);
        SplittableRandom random = new SplittableRandom(1);
        for (int round = 0; round < ROUNDS; round++) {
            offer(pair, 1 + random.nextInt(MAX_BATCH));
            frames.flush();
            while (frames.transmit().outstanding() > 0) {
                boolean waits = !frames.transmit().half().requestCalls(0);
                if (waits) {
                    called(trial, frames.transmit(), "in round " + round + " of " + ROUNDS);
                }
                takeAll(frames.transmit());
            }
        }
    }

    private static void takeAll(ProbeQueue queue) {
        queue.suppressCalls();
        while (queue.takeUsed() != null) {
            // Taken is all it takes.
        }
    }

    /** Pauses between rounds let the device go to sleep, so that it has to ask for kicks again. */
    static void kickedAsAsked(Trial trial, Setup setup) {
        Pair pair = pair(trial, setup);
        FramePath frames = pair.tested().frames();
        awaitAllBack(trial, frames);
        SplittableRandom random = new SplittableRandom(2);
        for (int round = 0; round < ROUNDS; round++) {
            offer(pair, 1 + random.nextInt(MAX_BATCH));
            if (frames.transmit().publish()) {
                frames.transmit().kick();
            }
            if (random.nextInt(4) == 0) {
                awaitAllBack(trial, frames);
            }
            if (random.nextInt(40) == 0) {
                trial.pause();
            }
            trial.await(
                    "transmit buffers come back",
                    () -> frames.hasRoom() && frames.transmit().outstanding() < Setup.USUAL_RING_SIZE - 2 * MAX_BATCH);
        }
        awaitAllBack(trial, frames);
    }

    private static void usedFlags(Trial trial, Setup setup, int most) {
        Pair pair = pair(trial, setup);
        for (int i = 0; i < MAX_BATCH; i++) {
            pair.deliverToTested(TestFrames.MIN_BYTE_LENGTH);
            pair.deliverFromTested(TestFrames.MIN_BYTE_LENGTH);
            for (ProbeQueue queue : pair.tested().queues()) {
                RawRing ring = queue.raw();
                int flags = ring.usedFlags();
                Stop.unless(flags <= most, most == 0 ? "flags 0" : "flags 0 or 1", "flags " + flags);
            }
        }
    }

    private static void spuriousKicks(Trial trial) {
        Pair pair = trial.pair(Setup.USUAL);
        for (int i = 0; i < FRAMES; i++) {
            pair.tested().queues().forEach(ProbeQueue::kick);
        }
        trial.pause();
        pair.deliverToTested(TestFrames.MIN_BYTE_LENGTH);
        pair.deliverFromTested(TestFrames.MIN_BYTE_LENGTH);
    }
}
