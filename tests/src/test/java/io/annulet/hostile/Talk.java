package io.annulet.hostile;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.annulet.guest.FrontEndException;
import io.annulet.guest.Message;
import io.annulet.guest.Payloads;
import io.annulet.guest.VhostUserFrontEnd;
import io.annulet.linux.Fd;
import io.annulet.vhostuser.MessageLayout;
import io.annulet.vhostuser.VhostUserRequest;
import io.annulet.vhostuser.VirtioFeature;

/** What a front-end says at the villain's port, and what it may be told; used by one thread. */
final class Talk {

    static final String REFUSED = "front-end.messages-refused";

    private final Trial trial;
    private final VhostUserFrontEnd frontEnd;

    Talk(Trial trial, VhostUserFrontEnd frontEnd) {
        this.trial = trial;
        this.frontEnd = frontEnd;
    }

    /** Over a connection on which nothing was said yet. */
    static Talk fresh(Trial trial) {
        return new Talk(trial, trial.connect());
    }

    /** With all protocol features that are offered, and the features of a plain guest. */
    static Talk negotiated(Trial trial) {
        return fresh(trial).negotiate(VillainOptions.SPLIT.features());
    }

    Talk negotiate(long wanted) {
        long offered = frontEnd.getFeatures();
        frontEnd.setProtocolFeatures(frontEnd.getProtocolFeatures());
        frontEnd.setOwner();
        frontEnd.setFeatures(offered & (wanted | VirtioFeature.PROTOCOL_FEATURES));
        return this;
    }

    VhostUserFrontEnd frontEnd() {
        return frontEnd;
    }

    /** The back-end says no, and listens on. */
    void isRefused(VhostUserRequest request, byte[] payload, Fd... fds) {
        assertNotEquals(0, frontEnd.status(request, payload, fds), request + " is not refused");
        trial.expect(REFUSED, 1);
        stillAnswers();
    }

    void isAccepted(VhostUserRequest request, byte[] payload, Fd... fds) {
        assertEquals(0, frontEnd.status(request, payload, fds), request + " is refused");
        stillAnswers();
    }

    /** The session goes on, and says nothing but what it is asked. */
    void stillAnswers() {
        assertTrue(frontEnd.getFeatures() != 0);
    }

    /** The back-end hangs up over these bytes. */
    void endsSession(byte[] bytes, Fd... fds) {
        say(bytes, fds);
        assertTrue(frontEnd.awaitClosed(Trial.LIMIT.toNanos()), "the session goes on");
        trial.expect(REFUSED, 1);
    }

    /** Says bytes to somebody who may have hung up before all is said. */
    void say(byte[] bytes, Fd... fds) {
        try {
            frontEnd.sendBytes(bytes, fds);
        } catch (FrontEndException gone) {
            assertEquals(FrontEndException.Reason.CLOSED, gone.reason());
        }
    }

    /** A reply comes, with exactly these bytes. */
    void isTold(VhostUserRequest request, byte[] payload) {
        try (Message reply = frontEnd.receive(Trial.LIMIT.toNanos())) {
            assertNotNull(reply, "no reply to " + request);
            assertEquals(request.id(), reply.request());
            assertEquals(MessageLayout.VERSION | MessageLayout.FLAG_REPLY, reply.flags());
            byte[] told = new byte[reply.payload().remaining()];
            reply.payload().get(told);
            assertArrayEquals(payload, told, "reply to " + request);
            assertEquals(0, reply.fds().size());
        }
    }

    void isTold(VhostUserRequest request, long value) {
        isTold(request, Payloads.u64(value));
    }
}
