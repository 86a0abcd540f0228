package io.annulet.guest.conform;

import io.annulet.guest.RawRing;
import io.annulet.memory.HostMemory;
import java.util.Arrays;
import java.util.List;

/** Rules on where rings begin, where they stand when they are stopped, and how they go on. */
final class BaseRules {

    private static final String GET = "Front-end message types, GET_VRING_BASE";
    private static final String SET = "Front-end message types, SET_VRING_BASE";
    private static final String SUSPENDED = "Suspended device state";

    private static final int FRAMES = 20;
    private static final int TIMES = 8;
    private static final int SOME_BASE = 1000;
    private static final int BEFORE_THE_WRAP = 65_530;
    private static final int UNUSED_BASE = 77;

    private BaseRules() {}

    static List<Rule> all() {
        return List.of(
                rule(
                        "VU-BASE-01",
                        GET,
                        "the base of a transmit queue is the index of the next frame to take",
                        BaseRules::transmitBase),
                rule(
                        "VU-BASE-02",
                        GET,
                        "the base of a receive queue is its used index: what was taken is used or left",
                        BaseRules::receiveBase),
                Rule.must(
                        "VU-BASE-03",
                        Document.VHOST_USER,
                        GET,
                        "the base of a ring that was never started is the one it was told",
                        BaseRules::neverStarted),
                rule(
                        "VU-BASE-04",
                        SUSPENDED,
                        "after all rings were stopped nothing is written to guest memory",
                        BaseRules::nothingWritten),
                rule("VU-BASE-05", SUSPENDED, "after all rings were stopped there is no call", BaseRules::noCall),
                rule("VU-BASE-06", GET, "a stopped device goes on from its bases", BaseRules::goesOn),
                rule(
                        "VU-BASE-07",
                        GET,
                        "frames that were made available while the device was stopped are sent when it goes on",
                        BaseRules::sentLater),
                rule("VU-BASE-08", SET, "a ring may begin at any index", trial -> beginsAt(trial, SOME_BASE)),
                rule(
                        "VU-BASE-09",
                        SET,
                        "a ring that begins near 65,535 goes on at 0",
                        trial -> beginsAt(trial, BEFORE_THE_WRAP)),
                rule(
                        "VU-BASE-10",
                        "Front-end message types, SET_VRING_NUM",
                        "a stopped ring may come back with another size, in another place",
                        BaseRules::anotherRing),
                rule("VU-BASE-11", GET, "a device can be stopped and go on many times", BaseRules::manyTimes));
    }

    private static Rule rule(String id, String section, String expectation, Rule.Check check) {
        return Rule.must(id, Document.VHOST_USER, section, expectation, check).withTraffic();
    }

    private static void awaitReclaimed(Trial trial, ProbeGuest guest) {
        trial.await("transmit buffers come back", () -> {
            guest.frames().reclaim();
            return guest.transmit().outstanding() == 0;
        });
    }

    /** Stops all rings as QEMU does, receive queue first. */
    static int[] stop(Trial trial, ProbeGuest guest) {
        awaitReclaimed(trial, guest);
        guest.queues().forEach(queue -> guest.enable(queue, false));
        return guest.queues().stream()
                .mapToInt(queue -> guest.frontEnd().getVringBase(queue.index()))
                .toArray();
    }

    static void resume(ProbeGuest guest, int[] bases) {
        for (ProbeQueue queue : guest.queues()) {
            guest.describe(queue, bases[queue.index()]);
            guest.start(queue);
            queue.kick();
        }
        guest.enableAll();
    }

    private static void transmitBase(Trial trial) {
        Pair pair = trial.pair(Setup.USUAL);
        ProbeGuest tested = pair.tested();
        for (int i = 0; i < FRAMES; i++) {
            tested.frames().offer(pair.frameFromTested(TestFrames.MIN_BYTE_LENGTH));
        }
        tested.frames().flush();
        int base = stop(trial, tested)[tested.transmit().index()];
        int expected = tested.transmit().raw().availIndex();
        Stop.unless(base == expected, "base " + expected, "base " + base);
    }

    private static void receiveBase(Trial trial) {
        Pair pair = trial.pair(Setup.USUAL);
        for (int i = 0; i < FRAMES; i++) {
            pair.deliverToTested(TestFrames.MIN_BYTE_LENGTH);
        }
        int base = stop(trial, pair.tested())[pair.tested().receive().index()];
        int expected = pair.tested().receive().raw().usedIndexAcquire();
        Stop.unless(base == expected, "base " + expected + ", the used index", "base " + base);
    }

    private static void neverStarted(Trial trial) {
        ProbeGuest guest = trial.attached(0, Setup.USUAL.withBaseIndex(UNUSED_BASE));
        guest.prepare();
        int base = guest.frontEnd().getVringBase(0);
        Stop.unless(base == UNUSED_BASE, "base " + UNUSED_BASE, "base " + base);
    }

    private static void sendToTested(Pair pair) {
        for (int i = 0; i < FRAMES; i++) {
            pair.peer().frames().offer(pair.frameToTested(TestFrames.MIN_BYTE_LENGTH));
        }
        pair.peer().frames().flush();
    }

    private static byte[] memoryOf(ProbeGuest guest) {
        return HostMemory.copyOut(guest.regions().getFirst().hostAddress(), (int)
                guest.regions().getFirst().byteLength());
    }

    private static void nothingWritten(Trial trial) {
        Pair pair = trial.pair(Setup.USUAL);
        ProbeGuest tested = pair.tested();
        stop(trial, tested);
        tested.frames().offer(pair.frameFromTested(TestFrames.MIN_BYTE_LENGTH));
        tested.frames().flush();
        byte[] before = memoryOf(tested);
        sendToTested(pair);
        trial.idle();
        int at = Arrays.mismatch(before, memoryOf(tested));
        Stop.unless(at < 0, "guest memory as it was", "a change at offset 0x" + Integer.toHexString(at));
    }

    private static void noCall(Trial trial) {
        Pair pair = trial.pair(Setup.USUAL);
        ProbeGuest tested = pair.tested();
        tested.queues().forEach(ProbeQueue::requestCalls);
        stop(trial, tested);
        tested.queues().forEach(ProbeQueue::takeCalls);
        tested.frames().offer(pair.frameFromTested(TestFrames.MIN_BYTE_LENGTH));
        tested.frames().flush();
        sendToTested(pair);
        trial.quiet("no call", "a call", () -> tested.queues().stream().anyMatch(queue -> queue.takeCalls() > 0));
    }

    private static void goesOn(Trial trial) {
        Pair pair = trial.pair(Setup.USUAL);
        ProbeGuest tested = pair.tested();
        resume(tested, stop(trial, tested));
        pair.deliverToTested(TestFrames.MAX_BYTE_LENGTH);
        pair.deliverFromTested(TestFrames.MAX_BYTE_LENGTH);
    }

    private static void sentLater(Trial trial) {
        Pair pair = trial.pair(Setup.USUAL);
        ProbeGuest tested = pair.tested();
        int[] bases = stop(trial, tested);
        int before = tested.transmit().outstanding();
        for (int i = 0; i < FRAMES; i++) {
            tested.frames().offer(pair.frameFromTested(TestFrames.MIN_BYTE_LENGTH));
        }
        tested.transmit().publish();
        resume(tested, bases);
        trial.await("all " + FRAMES + " frames are taken", () -> {
            tested.frames().reclaim();
            return tested.transmit().outstanding() == before;
        });
    }

    private static void beginsAt(Trial trial, int base) {
        Pair pair = trial.pair(Setup.USUAL.withBaseIndex(base));
        for (int i = 0; i < FRAMES; i++) {
            pair.deliverToTested(TestFrames.MIN_BYTE_LENGTH);
            pair.deliverFromTested(TestFrames.MIN_BYTE_LENGTH);
        }
        RawRing ring = pair.tested().receive().raw();
        int passed = ring.usedIndexAcquire() - base & 0xffff;
        Stop.unless(
                passed >= FRAMES && passed < BEFORE_THE_WRAP,
                "a used index that goes on from " + base,
                "used index " + ring.usedIndexAcquire());
    }

    private static void anotherRing(Trial trial) {
        Pair pair = trial.pair(Setup.USUAL);
        ProbeGuest tested = pair.tested();
        stop(trial, tested);
        int size = Setup.USUAL_RING_SIZE / 4;
        tested.renewQueues(size);
        tested.queues().forEach(tested::describe);
        tested.goOn();
        for (int i = 0; i < size + FRAMES; i++) {
            pair.deliverToTested(TestFrames.MIN_BYTE_LENGTH);
            pair.deliverFromTested(TestFrames.MIN_BYTE_LENGTH);
        }
    }

    private static void manyTimes(Trial trial) {
        Pair pair = trial.pair(Setup.USUAL);
        for (int i = 0; i < TIMES; i++) {
            resume(pair.tested(), stop(trial, pair.tested()));
        }
        pair.deliverToTested(TestFrames.MIN_BYTE_LENGTH);
        pair.deliverFromTested(TestFrames.MIN_BYTE_LENGTH);
    }
}
