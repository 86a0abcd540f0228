package io.annulet.backend.control;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.annulet.guest.GuestRam;
import io.annulet.guest.Message;
import io.annulet.guest.Payloads;
import io.annulet.guest.RamOptions;
import io.annulet.guest.RawRing;
import io.annulet.guest.VhostUserFrontEnd;
import io.annulet.linux.EventFd;
import io.annulet.linux.Fd;
import io.annulet.vhostuser.MessageLayout;
import io.annulet.vhostuser.VhostUserRequest;
import io.annulet.vhostuser.VirtioFeature;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** A front-end in the hands of a test, with memory, rings and eventfds to talk about. Whatever it makes, it closes. */
final class TestSession implements AutoCloseable {

    static final int RING_SIZE = 16;
    static final long RAM_BYTES = 1 << 20;

    /** How long nothing has to come for it to count as nothing. */
    private static final long SILENCE_NANOS = TimeUnit.MILLISECONDS.toNanos(20);

    private final List<Runnable> atClose = new ArrayList<>();
    private final TestBackend backend;
    final GuestEndpoint endpoint;
    final VhostUserFrontEnd frontEnd;
    final GuestRam ram;

    private TestSession(TestBackend backend, GuestEndpoint endpoint) {
        this.backend = backend;
        this.endpoint = endpoint;
        this.ram = GuestRam.create(RamOptions.regions(2, RAM_BYTES, 0));
        this.frontEnd = TestBackend.connect(endpoint.options().socket());
    }

    /** Connected, and nothing said. */
    static TestSession connected(TestBackend backend, GuestEndpoint endpoint) {
        return new TestSession(backend, endpoint);
    }

    /** All features that are offered are acknowledged, but for the packed layout. */
    static TestSession negotiated(TestBackend backend, GuestEndpoint endpoint) {
        return negotiated(backend, endpoint, Offer.features(endpoint.options()) & ~VirtioFeature.RING_PACKED);
    }

    static TestSession negotiated(TestBackend backend, GuestEndpoint endpoint, long features) {
        TestSession session = new TestSession(backend, endpoint);
        session.frontEnd.setProtocolFeatures(Offer.protocolFeatures(endpoint.options()));
        session.frontEnd.setFeatures(features);
        return session;
    }

    /** And memory is shared. */
    static TestSession withMemory(TestBackend backend, GuestEndpoint endpoint) {
        TestSession session = negotiated(backend, endpoint);
        session.frontEnd.setMemTable(session.ram.regions());
        return session;
    }

    /** Tells everything about a ring but its kick; nothing is available on it. */
    RawRing configureRing(int index) {
        RawRing ring = RawRing.allocate(ram, RING_SIZE);
        frontEnd.setVringNum(index, RING_SIZE);
        frontEnd.setVringBase(index, 0);
        frontEnd.setVringAddress(index, ring);
        return ring;
    }

    RawRing startRing(int index) {
        RawRing ring = configureRing(index);
        frontEnd.setVringKick(index, eventFd());
        return ring;
    }

    Fd eventFd() {
        return newEventFd().fd();
    }

    EventFd newEventFd() {
        EventFd made = EventFd.create(true, 0);
        atClose.add(made::close);
        return made;
    }

    /** A descriptor that is closed at the end of the session. */
    Fd keep(Fd fd) {
        atClose.add(fd::close);
        return fd;
    }

    // What the back-end answers.

    void assertAccepts(VhostUserRequest request, byte[] payload, Fd... fds) {
        assertEquals(0, frontEnd.status(request, payload, fds), () -> request + " is accepted");
    }

    /** Refused with a status, and the session lives. */
    void assertRefuses(VhostUserRequest request, byte[] payload, Fd... fds) {
        assertNotEquals(0, frontEnd.status(request, payload, fds), () -> request + " is refused");
        frontEnd.getFeatures();
    }

    /** Without need_reply nothing comes back; the session lives. */
    void assertAcceptsInSilence(VhostUserRequest request, byte[] payload, Fd... fds) {
        frontEnd.send(request.id(), MessageLayout.VERSION, payload, fds);
        try (Message reply = frontEnd.receive(SILENCE_NANOS)) {
            assertNull(reply, () -> request + " is not answered");
        }
        frontEnd.getFeatures();
    }

    /** Refused without a word: the session ends. */
    void assertCloses(VhostUserRequest request, byte[] payload, Fd... fds) {
        frontEnd.send(request.id(), MessageLayout.VERSION, payload, fds);
        assertClosed();
    }

    void assertClosed() {
        assertTrue(frontEnd.awaitClosed(TestBackend.TIMEOUT_NANOS), "the session ends");
    }

    /** What the back-end says of itself once it has seen all messages so far. */
    SessionStatus status() {
        frontEnd.getFeatures();
        backend.awaitControl();
        return endpoint.status();
    }

    SessionStatus.Ring ring(int index) {
        return status().rings().get(index);
    }

    static byte[] state(int index, int number) {
        return Payloads.vringState(index, number);
    }

    @Override
    public void close() {
        frontEnd.close();
        atClose.forEach(Runnable::run);
        ram.close();
    }
}
