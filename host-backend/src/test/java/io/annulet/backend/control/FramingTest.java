package io.annulet.backend.control;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;

import io.annulet.guest.Message;
import io.annulet.guest.Payloads;
import io.annulet.linux.FileDescriptors;
import io.annulet.vhostuser.MessageLayout;
import io.annulet.vhostuser.VhostUserRequest;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** How the byte stream of a front-end is cut into messages. */
final class FramingTest extends ControlTest {

    private static final int ASKING = MessageLayout.VERSION | MessageLayout.FLAG_NEED_REPLY;

    private int sessions;

    private static byte[] message(VhostUserRequest request, int flags, byte[] payload) {
        return header(request.id(), flags, payload.length, payload);
    }

    private static byte[] header(int id, int flags, int size, byte[] payload) {
        return ByteBuffer.allocate(MessageLayout.HEADER_BYTES + payload.length)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putInt(id)
                .putInt(flags)
                .putInt(size)
                .put(payload)
                .array();
    }

    private static void assertAnswered(TestSession session, VhostUserRequest request, boolean success) {
        try (Message reply = session.frontEnd.receive(TestBackend.TIMEOUT_NANOS)) {
            assertNotNull(reply, () -> request + " is answered");
            assertEquals(request.id(), reply.request());
            if (success) {
                assertEquals(0, reply.payload().getLong());
            } else {
                assertNotEquals(0, reply.payload().getLong());
            }
        }
    }

    @Test
    void aMessageInSingleBytesIsTheSameMessage() {
        try (TestSession session = negotiated()) {
            byte[] bytes = message(VhostUserRequest.SET_VRING_NUM, ASKING, TestSession.state(1, 64));
            for (byte one : bytes) {
                session.frontEnd.sendBytes(new byte[] {one});
                backend.awaitControl();
            }
            assertAnswered(session, VhostUserRequest.SET_VRING_NUM, true);
            assertEquals(64, session.ring(1).size());
        }
    }

    @Test
    void aMessageMayBeSplitAnywhere() {
        try (TestSession session = negotiated()) {
            byte[] bytes = message(VhostUserRequest.SET_VRING_BASE, ASKING, TestSession.state(1, 7));
            for (int cut = 1; cut < bytes.length; cut++) {
                session.frontEnd.sendBytes(Arrays.copyOf(bytes, cut));
                backend.awaitControl();
                session.frontEnd.sendBytes(Arrays.copyOfRange(bytes, cut, bytes.length));
                assertAnswered(session, VhostUserRequest.SET_VRING_BASE, true);
            }
        }
    }

    @Test
    void severalMessagesInOneWriteAreSeveralMessages() {
        try (TestSession session = negotiated()) {
            ByteArrayOutputStream all = new ByteArrayOutputStream();
            for (int i = 0; i < 200; i++) {
                all.writeBytes(
                        message(VhostUserRequest.SET_VRING_NUM, ASKING, TestSession.state(i % RINGS, 1 << i % 8)));
            }
            session.frontEnd.sendBytes(all.toByteArray());
            for (int i = 0; i < 200; i++) {
                assertAnswered(session, VhostUserRequest.SET_VRING_NUM, true);
            }
        }
    }

    @Test
    void descriptorsBelongToTheMessageTheyComeWith() {
        try (TestSession session = withMemory()) {
            session.configureRing(0);
            byte[] kick = message(VhostUserRequest.SET_VRING_KICK, ASKING, Payloads.u64(0));
            session.frontEnd.sendBytes(Arrays.copyOf(kick, 5), session.eventFd());
            backend.awaitControl();
            session.frontEnd.sendBytes(Arrays.copyOfRange(kick, 5, kick.length));
            assertAnswered(session, VhostUserRequest.SET_VRING_KICK, true);
            assertEquals(RingState.STARTED_DISABLED, session.ring(0).state());
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 11, 12, 13, 19})
    void descriptorsThatComeLaterThanTheFirstByteAreRefusedAndClosed(int cut) {
        try (TestSession session = withMemory()) {
            session.configureRing(0);
            session.status();
            byte[] kick = message(VhostUserRequest.SET_VRING_KICK, ASKING, Payloads.u64(0));
            session.frontEnd.sendBytes(Arrays.copyOf(kick, cut));
            backend.awaitControl();
            int open = FileDescriptors.openCount();
            session.frontEnd.sendBytes(Arrays.copyOfRange(kick, cut, kick.length), session.eventFd());
            assertAnswered(session, VhostUserRequest.SET_VRING_KICK, false);
            backend.awaitControl();
            assertEquals(open + 1, FileDescriptors.openCount(), "only the test's own eventfd is open");
            session.assertAccepts(VhostUserRequest.SET_VRING_KICK, Payloads.u64(0), session.eventFd());
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {4097, 65536, 0x7fffffff, 0x80000000, -1})
    void aSizeBeyondAllBoundsEndsTheSession(int size) {
        try (TestSession session = negotiated()) {
            session.frontEnd.sendBytes(
                    header(VhostUserRequest.SET_OWNER.id(), ASKING, size, Payloads.nothing()), session.eventFd());
            session.assertClosed();
        }
    }

    @Test
    void aConnectionThatIsCutAfterAnyByteOfAHandshakeLeavesNothingBehind() {
        ByteArrayOutputStream handshake = new ByteArrayOutputStream();
        handshake.writeBytes(message(VhostUserRequest.GET_FEATURES, 1, Payloads.nothing()));
        handshake.writeBytes(message(VhostUserRequest.SET_PROTOCOL_FEATURES, 1, Payloads.u64(8)));
        handshake.writeBytes(message(VhostUserRequest.SET_VRING_NUM, ASKING, TestSession.state(0, 16)));
        handshake.writeBytes(message(VhostUserRequest.SET_VRING_CALL, ASKING, Payloads.u64(0x100)));
        byte[] bytes = handshake.toByteArray();
        int open = openAfter(bytes, 0);
        for (int cut = 1; cut <= bytes.length; cut++) {
            assertEquals(open, openAfter(bytes, cut), "descriptors after a cut at " + cut);
        }
        try (TestSession session = withMemory()) {
            session.startRing(0);
        }
    }

    /** Sends the first bytes with a descriptor, cuts, and tells how many descriptors are open when the back-end is done. */
    private int openAfter(byte[] bytes, int cut) {
        try (TestSession session = connected()) {
            if (cut > 0) {
                session.frontEnd.sendBytes(Arrays.copyOf(bytes, cut), session.eventFd());
            }
        }
        backend.awaitSessionsOver(endpoint, ++sessions);
        return FileDescriptors.openCount();
    }
}
