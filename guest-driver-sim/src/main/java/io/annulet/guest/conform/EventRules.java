package io.annulet.guest.conform;

import io.annulet.linux.FileDescriptors;
import java.util.List;

/** Rules on the eventfds that are handed over: replaced, late or left out. */
final class EventRules {

    private static final String KICK = "Front-end message types, SET_VRING_KICK";
    private static final String CALL = "Front-end message types, SET_VRING_CALL";
    private static final String ERR = "Front-end message types, SET_VRING_ERR";

    private EventRules() {}

    static List<Rule> all() {
        return List.of(
                rule("VU-EVENT-01", KICK, "without an eventfd for kicks the ring is polled", EventRules::polled)
                        .advised(),
                rule(
                        "VU-EVENT-02",
                        CALL,
                        "without an eventfd for calls the ring works all the same",
                        EventRules::withoutCalls),
                rule("VU-EVENT-03", CALL, "an eventfd for calls may come late", EventRules::lateCallFd),
                rule(
                        "VU-EVENT-04",
                        CALL,
                        "an eventfd for calls may be replaced while the ring runs",
                        EventRules::replacedCallFd),
                rule(
                        "VU-EVENT-05",
                        CALL,
                        "an eventfd for calls may be taken away while the ring runs",
                        EventRules::callFdTakenAway),
                rule("VU-EVENT-06", ERR, "without an eventfd for errors the ring works", EventRules::withoutErr));
    }

    private static Rule rule(String id, String section, String expectation, Rule.Check check) {
        return Rule.must(id, Document.VHOST_USER, section, expectation, check).withTraffic();
    }

    private static void bothWays(Pair pair) {
        pair.deliverToTested(TestFrames.MIN_BYTE_LENGTH);
        pair.deliverFromTested(TestFrames.MIN_BYTE_LENGTH);
    }

    private static void polled(Trial trial) {
        ProbeGuest peer = trial.guest(1, Setup.USUAL);
        ProbeGuest tested = trial.attached(0, Setup.USUAL);
        tested.prepare();
        for (ProbeQueue queue : tested.queues()) {
            tested.frontEnd().setVringCall(queue.index(), queue.callFd().fd());
            tested.frontEnd().setVringKick(queue.index(), null);
        }
        tested.enableAll();
        tested.frames().post(tested.setup().receiveBuffers(), tested.setup().receiveBufferByteLength());
        Pair pair = new Pair(trial, tested, peer);
        pair.warmUp();
        bothWays(pair);
    }

    /** A guest that is up but for its eventfds for calls. */
    private static Pair withoutCallFd(Trial trial, boolean saysSo) {
        ProbeGuest peer = trial.guest(1, Setup.USUAL);
        ProbeGuest tested = trial.attached(0, Setup.USUAL);
        tested.prepare();
        for (ProbeQueue queue : tested.queues()) {
            if (saysSo) {
                tested.frontEnd().setVringCall(queue.index(), null);
            }
            tested.frontEnd().setVringKick(queue.index(), queue.kickFd().fd());
        }
        tested.frames().post(tested.setup().receiveBuffers(), tested.setup().receiveBufferByteLength());
        tested.transmit().kick();
        tested.enableAll();
        Pair pair = new Pair(trial, tested, peer);
        pair.warmUp();
        return pair;
    }

    private static void withoutCalls(Trial trial) {
        bothWays(withoutCallFd(trial, true));
    }

    private static void lateCallFd(Trial trial) {
        Pair pair = withoutCallFd(trial, true);
        handOver(pair.tested());
        awaitCalls(trial, pair);
    }

    private static void handOver(ProbeGuest guest) {
        guest.queues()
                .forEach(queue -> guest.frontEnd()
                        .setVringCall(queue.index(), queue.callFd().fd()));
        guest.settle();
    }

    private static void awaitCalls(Trial trial, Pair pair) {
        ProbeGuest tested = pair.tested();
        tested.queues().forEach(ProbeQueue::requestCalls);
        bothWays(pair);
        for (ProbeQueue queue : tested.queues()) {
            Stop.unless(
                    FileDescriptors.awaitReadable(
                            queue.callFd().fd(), trial.limits().waitNanos()),
                    "a call on queue " + queue.index() + " through the eventfd handed over last",
                    "none");
        }
    }

    private static void replacedCallFd(Trial trial) {
        Pair pair = trial.pair(Setup.USUAL);
        pair.tested().queues().forEach(ProbeQueue::renewCallFd);
        handOver(pair.tested());
        awaitCalls(trial, pair);
    }

    private static void callFdTakenAway(Trial trial) {
        Pair pair = trial.pair(Setup.USUAL);
        ProbeGuest tested = pair.tested();
        tested.queues().forEach(queue -> tested.frontEnd().setVringCall(queue.index(), null));
        tested.settle();
        tested.queues().forEach(ProbeQueue::takeCalls);
        bothWays(pair);
        trial.quiet("no call", "a call", () -> tested.queues().stream().anyMatch(queue -> queue.takeCalls() > 0));
    }

    private static void withoutErr(Trial trial) {
        ProbeGuest peer = trial.guest(1, Setup.USUAL);
        ProbeGuest tested = trial.attached(0, Setup.USUAL);
        tested.prepare();
        for (ProbeQueue queue : tested.queues()) {
            tested.frontEnd().setVringErr(queue.index(), null);
            tested.frontEnd().setVringCall(queue.index(), queue.callFd().fd());
            tested.frontEnd().setVringKick(queue.index(), queue.kickFd().fd());
        }
        tested.frames().post(tested.setup().receiveBuffers(), tested.setup().receiveBufferByteLength());
        tested.transmit().kick();
        tested.enableAll();
        Pair pair = new Pair(trial, tested, peer);
        pair.warmUp();
        bothWays(pair);
    }
}
