package io.annulet.journey;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.annulet.guest.GuestOptions;
import io.annulet.guest.QueueOptions;
import io.annulet.guest.SimulatedGuest;
import io.annulet.guest.TrafficChecker;
import io.annulet.vhostuser.VirtioFeature;
import java.nio.file.Path;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Guests with several queue pairs on a back-end with several workers: no frame is lost, repeated, changed or out of its
 * flow's order, whichever worker has it and whichever worker's queue it goes to.
 */
@Timeout(120)
final class ManyQueuesTest {

    private static final long MAC_A = PacedTraffic.mac(1);
    private static final long MAC_B = PacedTraffic.mac(2);
    private static final GuestOptions SPLIT = GuestOptions.DEFAULTS;
    private static final GuestOptions PACKED = SPLIT.withFeatures(SPLIT.features() | VirtioFeature.RING_PACKED);

    @TempDir
    private Path folder;

    private BackendProcess backend(int workers, int queuePairs, String... more) {
        String[] arguments = {
            "--workers",
            String.valueOf(workers),
            "--port",
            BackendProcess.guestPort(folder, "a", "queues=" + queuePairs),
            "--port",
            BackendProcess.guestPort(folder, "b", "queues=" + queuePairs)
        };
        String[] all = new String[arguments.length + more.length];
        System.arraycopy(arguments, 0, all, 0, arguments.length);
        System.arraycopy(more, 0, all, arguments.length, more.length);
        return BackendProcess.start(folder, all);
    }

    @ParameterizedTest(name = "{0} workers, {1} and {2} queue pairs, packed {3}")
    @CsvSource({"1, 4, 4, false", "2, 1, 1, false", "2, 4, 1, false", "2, 4, 4, true", "3, 4, 2, false", "4, 1, 8, true"
    })
    void everyFlowArrivesWholeAndInOrder(int workers, int pairsOfA, int pairsOfB, boolean packed) {
        GuestOptions options = packed ? PACKED : SPLIT;
        try (BackendProcess backend = backend(workers, 8);
                SimulatedGuest a = SimulatedGuest.connect(backend.socket("a"), options.withQueuePairs(pairsOfA));
                SimulatedGuest b = SimulatedGuest.connect(backend.socket("b"), options.withQueuePairs(pairsOfB))) {
            ManyQueuesTraffic forth = new ManyQueuesTraffic(a, MAC_A, b, MAC_B);
            ManyQueuesTraffic back = new ManyQueuesTraffic(b, MAC_B, a, MAC_A);
            ManyQueuesTraffic.exchange(forth, back, 2_000);
            forth.assertClean();
            back.assertClean();
            assertBalanced(backend, forth, back);
        }
    }

    /** Every frame is counted once, though several workers count for one port. */
    private static void assertBalanced(BackendProcess backend, ManyQueuesTraffic forth, ManyQueuesTraffic back) {
        assertEquals(forth.sent(), backend.counter("a", "in.frames"));
        assertEquals(forth.sent(), backend.counter("b", "out.frames"));
        assertEquals(back.sent(), backend.counter("b", "in.frames"));
        assertEquals(back.sent(), backend.counter("a", "out.frames"));
    }

    @Test
    void aGuestHasUpTo128QueuePairs() {
        QueueOptions small = QueueOptions.DEFAULTS.withRingSize(32);
        GuestOptions options = SPLIT.withQueuePairs(128).withQueues(small);
        try (BackendProcess backend = backend(2, 128);
                SimulatedGuest a = SimulatedGuest.connect(backend.socket("a"), options);
                SimulatedGuest b = SimulatedGuest.connect(backend.socket("b"), options)) {
            assertEquals(128, a.frontEnd().getQueueNum());
            ManyQueuesTraffic forth = new ManyQueuesTraffic(a, MAC_A, b, MAC_B);
            ManyQueuesTraffic back = new ManyQueuesTraffic(b, MAC_B, a, MAC_A);
            ManyQueuesTraffic.exchange(forth, back, 50);
            forth.assertClean();
            back.assertClean();
            for (int pair = 0; pair < 128; pair++) {
                assertTrue(b.receiveQueue(pair).receivedFrames() > 0, "no flow came to receive queue " + pair);
            }
        }
    }

    @ParameterizedTest(name = "{0} workers")
    @CsvSource({"1", "2", "3"})
    void queuePairsComeAndGoUnderTraffic(int workers) {
        int pairs = 4;
        GuestOptions options = SPLIT.withQueuePairs(pairs);
        try (BackendProcess backend = backend(workers, pairs);
                SimulatedGuest a = SimulatedGuest.connect(backend.socket("a"), options);
                SimulatedGuest b = SimulatedGuest.connect(backend.socket("b"), options)) {
            ManyQueuesTraffic forth = new ManyQueuesTraffic(a, MAC_A, b, MAC_B);
            ManyQueuesTraffic back = new ManyQueuesTraffic(b, MAC_B, a, MAC_A);
            ManyQueuesTraffic.exchange(forth, back, 100);
            SplittableRandom random = new SplittableRandom(workers);
            boolean[] off = new boolean[pairs];
            for (int round = 0; round < 60; round++) {
                int pair = 1 + random.nextInt(pairs - 1);
                off[pair] = !off[pair];
                back.pause(pair, off[pair]);
                toggle(b, pair, !off[pair], forth, back);
                for (int turn = 0; turn < 20; turn++) {
                    forth.send(ManyQueuesTraffic.WINDOW);
                    back.send(ManyQueuesTraffic.WINDOW);
                    forth.receive();
                    back.receive();
                }
            }
            ManyQueuesTraffic.turnUntil(
                    () -> forth.isQuiet() && back.isQuiet(),
                    () -> {
                        Pause.millis(5);
                        forth.resumeLostFlows();
                        back.resumeLostFlows();
                    },
                    forth,
                    back);
            assertUnharmed(backend, forth, "b");
            assertUnharmed(backend, back, "a");
            assertOrderHoldsBetweenChanges(forth, back);
        }
    }

    /** As QEMU does it: both queues of the pair, with frames on their way to them. */
    private static void toggle(
            SimulatedGuest guest, int pair, boolean on, ManyQueuesTraffic forth, ManyQueuesTraffic back) {
        forth.send(ManyQueuesTraffic.WINDOW);
        if (!on) {
            // What a disabled queue has not sent yet would be discarded.
            ManyQueuesTraffic.turnUntil(back::isQuiet, () -> {}, forth, back);
            forth.send(ManyQueuesTraffic.WINDOW);
        }
        guest.frontEnd().setVringEnable(2 * pair, on);
        guest.frontEnd().setVringEnable(2 * pair + 1, on);
    }

    /** Frames may be lost where a queue was disabled under them, and be late; not changed, repeated or misdirected. */
    private static void assertUnharmed(BackendProcess backend, ManyQueuesTraffic traffic, String destination) {
        TrafficChecker checker = traffic.checker();
        traffic.closeFlows();
        assertEquals(0, checker.duplicated() + checker.corrupted() + checker.misdelivered(), traffic::toString);
        assertEquals(traffic.sent(), checker.frames() + checker.lost(), traffic::toString);
        assertTrue(checker.lost() <= backend.counter(destination, "out.dropped.not-ready"), traffic::toString);
        traffic.assertNoViolations();
    }

    private static void assertOrderHoldsBetweenChanges(ManyQueuesTraffic forth, ManyQueuesTraffic back) {
        long before = forth.checker().reordered() + back.checker().reordered();
        for (int turn = 0; turn < 2_000; turn++) {
            forth.send(ManyQueuesTraffic.WINDOW);
            forth.receive();
            back.receive();
        }
        ManyQueuesTraffic.turnUntil(forth::isQuiet, () -> {}, forth, back);
        assertEquals(before, forth.checker().reordered() + back.checker().reordered(), forth::toString);
    }

    @Test
    void aGuestIsResetAndMovesItsMemoryWhileOthersSendToIt() {
        GuestOptions options = SPLIT.withQueuePairs(2);
        try (BackendProcess backend = backend(2, 2);
                SimulatedGuest a = SimulatedGuest.connect(backend.socket("a"), options);
                SimulatedGuest b = SimulatedGuest.connect(backend.socket("b"), options.withMemoryTable())) {
            ManyQueuesTraffic forth = new ManyQueuesTraffic(a, MAC_A, b, MAC_B);
            ManyQueuesTraffic back = new ManyQueuesTraffic(b, MAC_B, a, MAC_A);
            ManyQueuesTraffic.exchange(forth, back, 100);
            for (int round = 0; round < 30; round++) {
                forth.send(ManyQueuesTraffic.WINDOW);
                if (round % 3 == 0) {
                    b.reset();
                } else {
                    // The same table again: each region is mapped anew, and the rings go on in it.
                    b.frontEnd().setMemTable(b.ram().regions());
                }
                forth.forgetUnderWay();
                forth.receive();
            }
            ManyQueuesTraffic.turnUntil(() -> forth.receive() == 0, () -> {}, back);
            ManyQueuesTraffic.exchange(forth, back, 100);
            assertEquals(0, forth.checker().corrupted() + forth.checker().duplicated(), forth::toString);
            back.closeFlows();
            assertTrue(back.checker().isClean(), back::toString);
        }
    }

    /** A ring is stopped and begins as a new one: what the queue had is gone; the other queues notice nothing. */
    @ParameterizedTest(name = "packed {0}")
    @ValueSource(booleans = {false, true})
    void aQueueIsResetWhileTheOthersGoOn(boolean packed) {
        GuestOptions options = (packed ? PACKED : SPLIT).withQueuePairs(2);
        try (BackendProcess backend = backend(2, 2);
                SimulatedGuest a = SimulatedGuest.connect(backend.socket("a"), options);
                SimulatedGuest b = SimulatedGuest.connect(backend.socket("b"), options)) {
            ManyQueuesTraffic forth = new ManyQueuesTraffic(a, MAC_A, b, MAC_B);
            ManyQueuesTraffic back = new ManyQueuesTraffic(b, MAC_B, a, MAC_A);
            ManyQueuesTraffic.exchange(forth, back, 100);
            for (int round = 0; round < 20; round++) {
                forth.send(ManyQueuesTraffic.WINDOW);
                b.resetQueue(2 * (round % 2));
                a.resetQueue(2 * (round % 2) + 1);
                forth.forgetUnderWay();
                back.send(ManyQueuesTraffic.WINDOW);
                ManyQueuesTraffic.turnUntil(back::isQuiet, () -> {}, back, forth);
            }
            ManyQueuesTraffic.exchange(forth, back, 100);
            assertEquals(0, forth.checker().corrupted() + forth.checker().duplicated(), forth::toString);
            back.assertClean();
        }
    }

    /** Sizes of packed rings need not be powers of two. */
    @ParameterizedTest(name = "rings of {0}, packed {1}")
    @CsvSource({"32768, false", "32768, true", "257, true", "24575, true", "17, true"})
    void ringsHaveAnySizeUpTo32768(int size, boolean packed) {
        GuestOptions options = (packed ? PACKED : SPLIT).withQueues(QueueOptions.DEFAULTS.withRingSize(size));
        try (BackendProcess backend = backend(1, 1);
                SimulatedGuest a = SimulatedGuest.connect(backend.socket("a"), options);
                SimulatedGuest b = SimulatedGuest.connect(backend.socket("b"), options)) {
            ManyQueuesTraffic forth = new ManyQueuesTraffic(a, MAC_A, b, MAC_B);
            ManyQueuesTraffic back = new ManyQueuesTraffic(b, MAC_B, a, MAC_A);
            // Round the largest ring more than once.
            ManyQueuesTraffic.exchange(forth, back, Math.max(2_000, size * 5L / 4));
            forth.assertClean();
            back.assertClean();
        }
    }
}
