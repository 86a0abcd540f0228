package io.annulet.journey;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.annulet.guest.DriverTransmitQueue;
import io.annulet.guest.FrameFactory;
import io.annulet.guest.FrontEndException;
import io.annulet.guest.GuestOptions;
import io.annulet.guest.SimulatedGuest;
import io.annulet.guest.VhostUserFrontEnd;
import io.annulet.linux.SocketAccess;
import io.annulet.linux.UnixListener;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Front-ends come, go and come back, and the back-end serves on. */
@Timeout(180)
final class BackendLifeTest {

    private static final Duration LIMIT = Duration.ofSeconds(30);
    private static final GuestOptions LINUX = GuestOptions.DEFAULTS;
    private static final long BROADCAST = 0xffff_ffff_ffffL;
    private static final int CYCLES = 1_000;

    @TempDir
    private Path folder;

    private int nextMac = 1;

    /** Two guests exchange frames both ways; each call uses addresses of its own. */
    private void exchange(SimulatedGuest one, SimulatedGuest other, int frames) {
        new PacedTraffic(one, PacedTraffic.mac(nextMac++), other, PacedTraffic.mac(nextMac++), PacedTraffic.WINDOW)
                .exchange(frames, number -> 60 + number % 1459, LIMIT);
    }

    @Test
    void servesSeveralFrontEndsAtOnceEachOnItsOwnPort() {
        try (BackendProcess backend = BackendProcess.withPorts(folder, "a", "b", "c", "d");
                SimulatedGuest a = SimulatedGuest.connect(backend.socket("a"), LINUX);
                SimulatedGuest b = SimulatedGuest.connect(backend.socket("b"), LINUX);
                SimulatedGuest c = SimulatedGuest.connect(backend.socket("c"), LINUX);
                SimulatedGuest d = SimulatedGuest.connect(backend.socket("d"), LINUX)) {
            PacedTraffic left = new PacedTraffic(a, PacedTraffic.mac(1), b, PacedTraffic.mac(2), PacedTraffic.WINDOW);
            PacedTraffic right = new PacedTraffic(c, PacedTraffic.mac(3), d, PacedTraffic.mac(4), PacedTraffic.WINDOW);
            // The first frames are flooded, since nobody knows yet where the addresses are: they show up elsewhere too.
            left.exchange(1, number -> 60, LIMIT);
            right.exchange(1, number -> 60, LIMIT);
            long before = backend.counter("d", "out.frames");
            left.exchange(500, number -> 60 + number, LIMIT);
            assertEquals(before, backend.counter("d", "out.frames"), "frames between a and b that went to d");
            right.exchange(500, number -> 60 + number, LIMIT);
            backend.end();
        }
    }

    private static Stream<Arguments> waysToLeave() {
        return Stream.of(
                Arguments.of("stops its rings", (Consumer<SimulatedGuest>) guest -> {
                    guest.shutdown();
                    guest.close();
                }),
                Arguments.of("hangs up", (Consumer<SimulatedGuest>) SimulatedGuest::close),
                Arguments.of("hangs up with frames under way", (Consumer<SimulatedGuest>) guest -> {
                    while (guest.transmitQueue(0).send(new byte[1500])) {
                        guest.transmitQueue(0).flush();
                    }
                    guest.close();
                }));
    }

    @ParameterizedTest(name = "a front-end that {0}")
    @MethodSource("waysToLeave")
    void oneThatLeavesAndComesBackGetsItsPortAgain(String how, Consumer<SimulatedGuest> leave) {
        try (BackendProcess backend = BackendProcess.withPorts(folder, "a", "b");
                SimulatedGuest b = SimulatedGuest.connect(backend.socket("b"), LINUX)) {
            for (int i = 0; i < 10; i++) {
                SimulatedGuest a = SimulatedGuest.connect(backend.socket("a"), LINUX);
                drain(b);
                exchange(a, b, 50);
                leave.accept(a);
            }
            assertEquals(10, backend.counter("a", "sessions"));
            backend.end();
        }
    }

    /** Takes what was flooded or left over, so that the next exchange starts with empty queues. */
    private static void drain(SimulatedGuest guest) {
        while (guest.receiveQueue(0).receive(frame -> {}, 256) > 0) {}
    }

    @Test
    void oneThatIsKilledInTheMiddleOfItsTrafficGetsItsPortAgain() {
        try (BackendProcess backend = BackendProcess.withPorts(folder, "a", "b", Canary.ONE, Canary.OTHER);
                SimulatedGuest b = SimulatedGuest.connect(backend.socket("b"), LINUX);
                Canary canary = Canary.start(backend)) {
            for (int i = 0; i < 3; i++) {
                // So that its address is known, and what is sent to it is not flooded.
                b.transmitQueue(0).send(frame(BROADCAST, PacedTraffic.mac(0xb), 60));
                b.transmitQueue(0).flush();
                try (Child guest =
                        GuestProcess.start(backend.socket("a"), PacedTraffic.mac(0xa), PacedTraffic.mac(0xb))) {
                    guest.kill();
                }
                drain(b);
                try (SimulatedGuest a = SimulatedGuest.connect(backend.socket("a"), LINUX)) {
                    drain(b);
                    exchange(a, b, 50);
                }
            }
            canary.assertUnharmed();
            backend.assertAlive();
        }
    }

    private static byte[] frame(long destination, long source, int byteLength) {
        return ByteBuffer.allocate(byteLength)
                .putLong(destination << 16)
                .putLong(6, source << 16)
                .putShort(12, (short) FrameFactory.ETHER_TYPE)
                .array();
    }

    @Test
    void aGuestComesInWhileOthersTalk() {
        try (BackendProcess backend = BackendProcess.withPorts(folder, "a", "b", Canary.ONE, Canary.OTHER);
                Canary canary = Canary.start(backend);
                SimulatedGuest a = SimulatedGuest.connect(backend.socket("a"), LINUX)) {
            canary.awaitFrames(200);
            try (SimulatedGuest b = SimulatedGuest.connect(backend.socket("b"), LINUX)) {
                exchange(a, b, 500);
                b.reset();
                exchange(a, b, 500);
            }
            canary.assertUnharmed();
        }
    }

    @Test
    void guestsGoOnWithANewBackEndAfterTheOldOneWasKilled() {
        SimulatedGuest a;
        SimulatedGuest b;
        try (BackendProcess backend = BackendProcess.withPorts(folder, "a", "b")) {
            a = SimulatedGuest.connect(backend.socket("a"), LINUX);
            b = SimulatedGuest.connect(backend.socket("b"), LINUX);
            exchange(a, b, 300);
        }
        // Its sockets are still there, and nobody listens.
        try (BackendProcess backend = BackendProcess.withPorts(folder, "a", "b");
                a;
                b) {
            a.reconnect(backend.socket("a"));
            b.reconnect(backend.socket("b"));
            exchange(a, b, 300);
            backend.end();
        }
    }

    @Test
    void servesOneThatComesBehindAnotherThatHungUpAtOnce() {
        try (BackendProcess backend = BackendProcess.withPorts(folder, "a")) {
            for (int i = 0; i < 100; i++) {
                SimulatedGuest.connect(backend.socket("a"), LINUX).close();
                connect(backend).close();
            }
        }
    }

    @Test
    @Tag("slow")
    void aThousandFrontEndsLeaveNothingBehind() {
        try (BackendProcess backend = BackendProcess.withPorts(folder, "a", Canary.ONE, Canary.OTHER);
                Canary canary = Canary.start(backend)) {
            for (int i = 0; i < 50; i++) {
                comeAndGo(backend, i);
            }
            Holdings before = backend.settledHoldings(2);
            for (int i = 0; i < CYCLES; i++) {
                comeAndGo(backend, i);
            }
            Holdings.awaitSame(before, backend.pid(), LIMIT);
            canary.assertUnharmed();
            assertEquals(50 + CYCLES, backend.counter("a", "sessions"));
        }
    }

    private void comeAndGo(BackendProcess backend, int number) {
        switch (number % 4) {
            case 0 -> {
                try (SimulatedGuest guest = SimulatedGuest.connect(backend.socket("a"), LINUX)) {
                    guest.shutdown();
                }
            }
            case 1 -> {
                try (SimulatedGuest guest = SimulatedGuest.connect(backend.socket("a"), LINUX.withMemoryTable())) {
                    guest.transmitQueue(0).send(frame(BROADCAST, PacedTraffic.mac(0xa), 60));
                    guest.transmitQueue(0).flush();
                }
            }
            case 2 -> {
                try (VhostUserFrontEnd frontEnd = connect(backend)) {
                    frontEnd.getFeatures();
                    frontEnd.setOwner();
                }
            }
            default -> connect(backend).close();
        }
    }

    private static VhostUserFrontEnd connect(BackendProcess backend) {
        return VhostUserFrontEnd.connect(backend.socket("a"), VhostUserFrontEnd.DEFAULT_TIMEOUT_NANOS);
    }

    @Test
    void everyFrameInWasDeliveredOrDroppedForAReason() {
        try (BackendProcess backend = BackendProcess.withPorts(folder, "a", "b");
                SimulatedGuest a = SimulatedGuest.connect(backend.socket("a"), LINUX)) {
            // Nobody is there yet; then a guest that receives; then one that does not; then frames that go nowhere.
            long ownMac = PacedTraffic.mac(0xa);
            int unheard = sendAll(a, 50, frame(BROADCAST, ownMac, 1500));
            SimulatedGuest b = SimulatedGuest.connect(backend.socket("b"), LINUX);
            exchange(a, b, 1_000);
            int flood = sendAll(a, 1_000, frame(BROADCAST, ownMac, 60));
            int runts = sendAll(a, 70, new byte[13]);
            int toItself = sendAll(a, 30, frame(ownMac, ownMac, 300));
            b.close();
            long sent = a.transmitQueue(0).submittedFrames();
            Stat stat = Stat.of(backend);
            assertEquals(unheard + 1_000 + flood + runts + toItself, sent);
            assertEquals(sent, stat.port("a", "in/frames"), stat::toString);
            assertEquals(runts, stat.port("a", "in/dropped/too-short"), stat::toString);
            assertEquals(toItself, stat.port("a", "in/dropped/no-destination"), stat::toString);
            assertEquals(unheard, stat.port("b", "out/dropped/not-ready"), stat::toString);
            assertTrue(stat.port("b", "out/dropped/no-buffer") > 0, stat::toString);
            assertBalances(stat, "a", "b");
            assertBalances(stat, "b", "a");
        }
    }

    /** That what came in at one of two ports went out at the other, or was dropped at one of them. */
    private static void assertBalances(Stat stat, String from, String to) {
        long forwarded = stat.port(from, "in/forwarded");
        assertEquals(stat.port(from, "in/frames"), forwarded + stat.dropped(from, "in"), stat::toString);
        assertEquals(forwarded, stat.port(to, "out/frames") + stat.dropped(to, "out"), stat::toString);
    }

    /** Sends a frame many times and waits until the back-end has taken all of them; returns how many. */
    private static int sendAll(SimulatedGuest guest, int frames, byte[] frame) {
        DriverTransmitQueue queue = guest.transmitQueue(0);
        for (int sent = 0; sent < frames; ) {
            if (queue.send(frame)) {
                sent++;
            }
            queue.flush();
        }
        Pause.until("all frames are taken", LIMIT, () -> {
            queue.reclaim();
            return queue.outstanding() == 0;
        });
        return frames;
    }

    @Test
    void asClientItConnectsAgainWhenTheFrontEndIsBack() {
        Path meeting = folder.resolve("front-end");
        try (BackendProcess backend = BackendProcess.start(
                        folder,
                        "--port",
                        "a=vhost-user:" + meeting + ",mode=client",
                        "--port",
                        BackendProcess.guestPort(folder, "b"));
                SimulatedGuest b = SimulatedGuest.connect(backend.socket("b"), LINUX)) {
            for (int i = 0; i < 3; i++) {
                try (UnixListener listener = UnixListener.listen(meeting, 4, SocketAccess.ofMode(0600));
                        SimulatedGuest a =
                                SimulatedGuest.attach(VhostUserFrontEnd.accept(listener, LIMIT.toNanos()), LINUX)) {
                    drain(b);
                    exchange(a, b, 100);
                }
            }
            backend.end();
        }
    }

    @Test
    void asClientItGrowsPatientWithAFrontEndThatHangsUp() {
        Path meeting = folder.resolve("front-end");
        try (UnixListener listener = UnixListener.listen(meeting, 4, SocketAccess.ofMode(0600));
                BackendProcess backend =
                        BackendProcess.start(folder, "--port", "a=vhost-user:" + meeting + ",mode=client")) {
            int attempts = hangUpFor(listener, Duration.ofSeconds(3));
            // Pauses of 100, 200, 400, 800 and 1,600 ms, and a first attempt before them.
            assertTrue(attempts >= 2 && attempts <= 6, attempts + " attempts in 3 s");
            try (SimulatedGuest a = SimulatedGuest.attach(VhostUserFrontEnd.accept(listener, LIMIT.toNanos()), LINUX)) {
                assertTrue(a.features() != 0);
            }
            backend.assertAlive();
        }
    }

    /** Accepts every connection and hangs up at once; returns how many came. */
    private static int hangUpFor(UnixListener listener, Duration time) {
        int attempts = 0;
        long endNanos = System.nanoTime() + time.toNanos();
        try {
            while (true) {
                VhostUserFrontEnd.accept(listener, endNanos - System.nanoTime()).close();
                attempts++;
            }
        } catch (FrontEndException nobodyCameInTime) {
            return attempts;
        }
    }
}
