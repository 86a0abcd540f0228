package io.annulet.backend.control;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.annulet.guest.FrontEndException;
import io.annulet.guest.GuestOptions;
import io.annulet.guest.Payloads;
import io.annulet.guest.SimulatedGuest;
import io.annulet.guest.VhostUserFrontEnd;
import io.annulet.linux.LinuxException;
import io.annulet.linux.SocketAccess;
import io.annulet.linux.UnixListener;
import io.annulet.vhostuser.MessageLayout;
import io.annulet.vhostuser.VhostUserRequest;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/** Front-ends that come, go, come back, stall or never were there. */
final class SessionLifeTest extends ControlTest {

    private static final long SHORT_NANOS = TimeUnit.MILLISECONDS.toNanos(150);

    private static final ControlLimits IMPATIENT = ControlLimits.DEFAULTS
            .withPatience(SHORT_NANOS, SHORT_NANOS, SHORT_NANOS, TimeUnit.SECONDS.toNanos(10))
            .withPauses(TimeUnit.MILLISECONDS.toNanos(5), TimeUnit.MILLISECONDS.toNanos(20));

    private static byte[] frame(int number) {
        byte[] frame = new byte[60];
        Arrays.fill(frame, 0, 6, (byte) 0xff);
        frame[6] = 2;
        frame[11] = 1;
        frame[14] = (byte) number;
        return frame;
    }

    private static void assertDelivers(SimulatedGuest from, SimulatedGuest to, int number) {
        assertTrue(from.transmitQueue(0).send(frame(number)), "there is a buffer");
        from.transmitQueue(0).flush();
        List<byte[]> received = new ArrayList<>();
        TestBackend.await("the frame arrives", () -> {
            to.receiveQueue(0).receive(frame -> received.add(frame.toByteArray()), 8);
            return !received.isEmpty();
        });
        assertArrayEquals(frame(number), received.get(0));
    }

    // Coming and going.

    @Test
    void aFrontEndThatComesBackGetsItsPortAgain() {
        GuestEndpoint other = backend.open(options("b"));
        try (SimulatedGuest bystander = SimulatedGuest.connect(other.options().socket(), GuestOptions.DEFAULTS);
                SimulatedGuest guest = SimulatedGuest.connect(endpoint.options().socket(), GuestOptions.DEFAULTS)) {
            for (int round = 0; round < 5; round++) {
                assertDelivers(guest, bystander, round);
                assertDelivers(bystander, guest, round);
                guest.crash();
                guest.reconnect(endpoint.options().socket());
            }
            assertDelivers(guest, bystander, 100);
            guest.reset();
            assertDelivers(guest, bystander, 101);
            guest.shutdown();
            guest.resume();
            assertDelivers(bystander, guest, 102);
        }
    }

    @Test
    void aGuestWithManyQueuesAndRegionsIsServed() {
        GuestEndpoint other = backend.open(options("b"));
        GuestOptions options = GuestOptions.DEFAULTS.withQueuePairs(QUEUE_PAIRS);
        try (SimulatedGuest one = SimulatedGuest.connect(endpoint.options().socket(), options);
                SimulatedGuest two = SimulatedGuest.connect(other.options().socket(), options.withMemoryTable())) {
            assertDelivers(one, two, 1);
            assertDelivers(two, one, 2);
            SessionStatus status = endpoint.status();
            assertTrue(status.rings().stream().allMatch(ring -> ring.state() == RingState.STARTED_ENABLED));
        }
    }

    @Test
    void aSecondFrontEndIsTurnedAwayAndTheFirstIsUntouched() {
        try (TestSession first = withMemory()) {
            first.startRing(0);
            for (int i = 0; i < 40; i++) {
                try (VhostUserFrontEnd second =
                        TestBackend.connect(endpoint.options().socket())) {
                    assertTrue(second.awaitClosed(TestBackend.TIMEOUT_NANOS));
                }
            }
            assertEquals(RingState.STARTED_DISABLED, first.ring(0).state());
        }
        try (TestSession next = withMemory()) {
            next.startRing(0);
        }
    }

    @Test
    void severalPortsAreServedAtOnce() {
        List<TestSession> sessions = new ArrayList<>();
        try {
            for (int i = 0; i < 8; i++) {
                sessions.add(TestSession.withMemory(backend, backend.open(options("p" + i))));
            }
            sessions.forEach(session -> session.startRing(1));
            sessions.forEach(session ->
                    assertEquals(RingState.STARTED_DISABLED, session.ring(1).state()));
        } finally {
            sessions.forEach(TestSession::close);
        }
    }

    // Client mode.

    @Test
    void aClientKeepsTryingUntilSomebodyListensAndAgainAfterwards() {
        Path path = directory.resolve("front-end");
        GuestEndpoint client =
                backend.open(VhostUserOptions.server("client", path).withMode(VhostUserOptions.Mode.CLIENT), IMPATIENT);
        for (int round = 0; round < 3; round++) {
            try (UnixListener listener = UnixListener.listen(path, 4, SocketAccess.ofMode(0600));
                    VhostUserFrontEnd frontEnd = VhostUserFrontEnd.accept(listener, TestBackend.TIMEOUT_NANOS)) {
                frontEnd.setOwner();
                assertTrue(frontEnd.getFeatures() != 0);
                assertTrue(client.status().attached());
            }
        }
    }

    // Stalling.

    @Test
    void whoConnectsAndSaysNothingIsDisconnected() {
        GuestEndpoint impatient = backend.open(options("impatient"), IMPATIENT);
        try (VhostUserFrontEnd silent = TestBackend.connect(impatient.options().socket())) {
            assertTrue(silent.awaitClosed(TestBackend.TIMEOUT_NANOS));
        }
    }

    @Test
    void whoBeginsAMessageAndDoesNotEndItIsDisconnected() {
        GuestEndpoint impatient = backend.open(options("impatient"), IMPATIENT);
        try (VhostUserFrontEnd slow = TestBackend.connect(impatient.options().socket())) {
            slow.getFeatures();
            slow.sendBytes(new byte[] {1, 0, 0});
            assertTrue(slow.awaitClosed(TestBackend.TIMEOUT_NANOS));
        }
    }

    @Test
    void betweenTwoMessagesAFrontEndMayTakeItsTime() {
        GuestEndpoint impatient = backend.open(options("impatient"), IMPATIENT);
        try (VhostUserFrontEnd calm = TestBackend.connect(impatient.options().socket())) {
            calm.getFeatures();
            assertFalse(calm.awaitClosed(3 * SHORT_NANOS));
            calm.getFeatures();
        }
    }

    @Test
    void whoNeverReadsRepliesIsDisconnectedAndOthersAreServed() {
        GuestEndpoint impatient = backend.open(options("impatient"), IMPATIENT);
        try (VhostUserFrontEnd deaf = TestBackend.connect(impatient.options().socket());
                TestSession other = negotiated()) {
            FrontEndException gone = assertThrows(FrontEndException.class, () -> {
                for (int i = 0; i < 1_000_000; i++) {
                    deaf.send(VhostUserRequest.GET_FEATURES.id(), MessageLayout.VERSION, Payloads.nothing());
                }
            });
            assertEquals(FrontEndException.Reason.CLOSED, gone.reason());
            other.frontEnd.getFeatures();
        }
    }

    // Opening and closing the port.

    @Test
    void aSocketInUseIsReportedWithARemedy() {
        GuestEndpoint same = new GuestEndpoint(
                VhostUserOptions.server("same", endpoint.options().socket()),
                backend.loop,
                backend.worker,
                backend.newCounters("same"));
        CompletionException failure =
                assertThrows(CompletionException.class, () -> same.start().join());
        assertTrue(failure.getCause() instanceof LinuxException);
        same.close().join();
        try (TestSession session = negotiated()) {
            session.frontEnd.getFeatures();
        }
    }

    @Test
    void closingAPortEndsItsSessionAndRemovesItsSocket() {
        GuestEndpoint closing = backend.open(options("closing"));
        try (TestSession session = TestSession.withMemory(backend, closing)) {
            session.startRing(0);
            closing.close()
                    .orTimeout(TestBackend.TIMEOUT_NANOS, TimeUnit.NANOSECONDS)
                    .join();
            session.assertClosed();
            assertFalse(Files.exists(closing.options().socket()));
            assertFalse(closing.status().attached());
            closing.close()
                    .orTimeout(TestBackend.TIMEOUT_NANOS, TimeUnit.NANOSECONDS)
                    .join();
        }
    }
}
