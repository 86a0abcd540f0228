package io.annulet.backend.control;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.annulet.guest.FrontEndException;
import io.annulet.guest.RawRing;
import io.annulet.linux.EventFd;
import io.annulet.linux.FileDescriptors;
import org.junit.jupiter.api.Test;

/** A front-end that makes the worker wait in a call. */
final class CallGuardTest extends ControlTest {

    private static final long FULL = -2;

    /** Has a chain come back on a transmit ring whose call descriptor blocks and is full. */
    private static void blockTheWorker(TestSession session) {
        EventFd call = session.newEventFd();
        EventFd kick = session.newEventFd();
        RawRing ring = session.configureRing(1);
        ring.descriptor(0, session.ram.regions().get(0).guestAddress(), 64, 0, 0);
        session.frontEnd.setVringCall(1, call.fd());
        session.frontEnd.setVringKick(1, kick.fd());
        session.status();
        FileDescriptors.setNonBlocking(call.fd(), false);
        call.add(FULL);
        ring.availIndex(1);
        kick.signal();
        // A call follows what is published, whatever else the worker is told meanwhile; or it was stopped by one
        // before.
        TestBackend.await(
                "the chain to come back",
                () -> ring.usedIndex() == 1 || !session.endpoint.status().attached());
    }

    @Test
    void aCallDescriptorThatBlocksCostsItsOwnerTheSessionAndNobodyElseAnything() {
        GuestEndpoint other = backend.open(options("b"));
        try (TestSession bystander = TestSession.withMemory(backend, other);
                TestSession session = withMemory()) {
            blockTheWorker(session);
            session.assertClosed();
            bystander.startRing(1);
            assertEquals(RingState.STARTED_DISABLED, bystander.ring(1).state());
        }
    }

    @Test
    void replacingTheDescriptorWhileTheWorkerWaitsInItFreesTheWorkerToo() {
        try (TestSession session = withMemory()) {
            session.frontEnd.asksForAcks(false);
            blockTheWorker(session);
            try {
                session.frontEnd.setVringCall(1, session.eventFd());
            } catch (FrontEndException closed) {
                assertEquals(FrontEndException.Reason.CLOSED, closed.reason());
            }
            session.assertClosed();
        }
        try (TestSession next = withMemory()) {
            next.startRing(1);
            assertEquals(RingState.STARTED_DISABLED, next.ring(1).state());
        }
    }
}
