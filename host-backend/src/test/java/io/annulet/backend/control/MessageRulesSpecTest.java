package io.annulet.backend.control;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;

import io.annulet.backend.data.PortProxy;
import io.annulet.guest.FrontEndException;
import io.annulet.guest.Message;
import io.annulet.guest.Payloads;
import io.annulet.linux.Fd;
import io.annulet.linux.FileDescriptors;
import io.annulet.vhostuser.MessageLayout;
import io.annulet.vhostuser.ProtocolFeature;
import io.annulet.vhostuser.ReplyRule;
import io.annulet.vhostuser.VhostUserRequest;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What holds for every message: size, descriptors, flags, the feature it belongs to, and how it is answered. */
final class MessageRulesSpecTest extends ControlTest {

    /** One protocol feature only, so that all others are missing. */
    private static final long REPLY_ACK = ProtocolFeature.REPLY_ACK.mask();

    private static final int ASKING = MessageLayout.VERSION | MessageLayout.FLAG_NEED_REPLY;

    /** Sends a message that is wrong, asking for a status; it is refused as its kind demands. */
    private static void assertRefusedAsItsKindDemands(
            TestSession session, VhostUserRequest request, byte[] payload, Fd... fds) {
        session.frontEnd.send(request.id(), ASKING, payload, fds);
        if (request.reply() == ReplyRule.ALWAYS) {
            session.assertClosed();
            return;
        }
        try (Message reply = session.frontEnd.receive(TestBackend.TIMEOUT_NANOS)) {
            assertNotNull(reply, () -> request + " is answered");
            assertEquals(request.id(), reply.request());
            assertEquals(MessageLayout.VERSION | MessageLayout.FLAG_REPLY, reply.flags());
            assertEquals(8, reply.payload().remaining());
            assertNotEquals(0, reply.payload().getLong());
        }
        session.frontEnd.getFeatures();
    }

    private static Fd[] eventFds(TestSession session, int count) {
        return IntStream.range(0, count).mapToObj(i -> session.eventFd()).toArray(Fd[]::new);
    }

    private static byte[] zeros(int byteLength) {
        return new byte[byteLength];
    }

    @ParameterizedTest
    @EnumSource
    void aPayloadOfAnotherSizeIsRefused(VhostUserRequest request) {
        int[] sizes = {
            0,
            request.payload().minBytes() - 1,
            request.payload().maxBytes() + 1,
            request.payload().maxBytes() + 8,
            4096
        };
        for (int size : sizes) {
            if (size >= 0 && size <= 4096 && !request.payload().accepts(size)) {
                try (TestSession session = negotiated()) {
                    assertRefusedAsItsKindDemands(session, request, zeros(size));
                }
                try (TestSession session = negotiated()) {
                    session.assertCloses(request, zeros(size));
                }
            }
        }
    }

    @ParameterizedTest
    @EnumSource
    void anotherNumberOfDescriptorsIsRefusedAndAllOfThemAreClosed(VhostUserRequest request) {
        byte[] payload = zeros(request.payload().minBytes());
        for (int count : new int[] {0, 1, 2, 7, 8, 9, 253}) {
            if (!request.acceptsFds(count)) {
                try (TestSession session = negotiated()) {
                    Fd[] fds = eventFds(session, count);
                    session.status();
                    int open = FileDescriptors.openCount();
                    assertRefusedAsItsKindDemands(session, request, payload, fds);
                    backend.awaitControl();
                    if (request.reply() == ReplyRule.IF_ASKED) {
                        assertEquals(open, FileDescriptors.openCount(), count + " descriptors with " + request);
                    }
                }
            }
        }
    }

    @ParameterizedTest
    @EnumSource
    void aMessageWhoseFeatureWasNotAcknowledgedIsRefused(VhostUserRequest request) {
        if (request.gate() == null || request.gate() == ProtocolFeature.REPLY_ACK) {
            return;
        }
        try (TestSession session = connected()) {
            session.frontEnd.setProtocolFeatures(REPLY_ACK);
            Fd[] fds = eventFds(session, request.acceptsFds(0) ? 0 : 1);
            assertRefusedAsItsKindDemands(
                    session, request, zeros(request.payload().minBytes()), fds);
        }
    }

    @ParameterizedTest
    @EnumSource
    void everyMessageMayBeTheFirstOneAndNoneLeavesAnythingBehind(VhostUserRequest request) {
        for (int round = 0; round < 2; round++) {
            try (TestSession session = connected()) {
                Fd[] fds = eventFds(session, request.acceptsFds(0) ? 0 : 1);
                session.frontEnd.send(
                        request.id(),
                        MessageLayout.VERSION,
                        zeros(request.payload().minBytes()),
                        fds);
                session.frontEnd.send(
                        request.id(),
                        MessageLayout.VERSION,
                        zeros(request.payload().minBytes()),
                        fds);
            } catch (FrontEndException closed) {
                // The first of the two was refused, and the second did not get through.
                assertEquals(FrontEndException.Reason.CLOSED, closed.reason());
            }
        }
        try (TestSession session = withMemory()) {
            session.startRing(0);
        }
    }

    @Test
    void exactlyTheMessagesOfThisListAreServed() {
        Set<VhostUserRequest> served = EnumSet.noneOf(VhostUserRequest.class);
        Device device = new Device(
                endpoint.options(), new PortProxy(endpoint.port(), List.of(backend.worker)), RingRecords.none());
        MessageTable table = new MessageTable(
                device, backend.loop, new PortLog(endpoint.options().name(), 1), why -> {});
        Arrays.stream(VhostUserRequest.values())
                .filter(request -> table.handler(request) != null)
                .forEach(served::add);
        Set<Integer> ids = Set.of(
                1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 24, 25, 28, 29, 30, 31,
                32, 34, 36, 37, 38, 39, 40, 42, 43);
        assertEquals(ids, Set.copyOf(served.stream().map(VhostUserRequest::id).toList()));
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 45, 200, 0x7fffffff, 0x80000000, -1})
    void anUnknownMessageIsRefusedWithItsPayload(int id) {
        try (TestSession session = negotiated()) {
            session.frontEnd.send(id, ASKING, zeros(24), session.eventFd());
            try (Message reply = session.frontEnd.receive(TestBackend.TIMEOUT_NANOS)) {
                assertNotNull(reply);
                assertEquals(id, reply.request());
                assertNotEquals(0, reply.payload().getLong());
            }
            session.frontEnd.getFeatures();
            session.frontEnd.send(id, MessageLayout.VERSION, Payloads.nothing());
            session.assertClosed();
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 2, 3})
    void anotherVersionEndsTheSession(int version) {
        try (TestSession session = negotiated()) {
            session.frontEnd.send(
                    VhostUserRequest.SET_OWNER.id(), version | MessageLayout.FLAG_NEED_REPLY, Payloads.nothing());
            session.assertClosed();
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {MessageLayout.FLAG_REPLY, 0x10, 0x80000000})
    void flagsThatARequestDoesNotHaveAreRefused(int flag) {
        try (TestSession session = negotiated()) {
            session.frontEnd.send(VhostUserRequest.SET_OWNER.id(), ASKING | flag, Payloads.nothing());
            try (Message reply = session.frontEnd.receive(TestBackend.TIMEOUT_NANOS)) {
                assertNotNull(reply);
                assertNotEquals(0, reply.payload().getLong());
            }
            session.frontEnd.send(VhostUserRequest.SET_OWNER.id(), MessageLayout.VERSION | flag, Payloads.nothing());
            session.assertClosed();
        }
    }

    @Test
    void aStatusIsSentOnlyIfReplyAckWasAcknowledged() {
        try (TestSession session = connected()) {
            session.frontEnd.send(VhostUserRequest.SET_OWNER.id(), ASKING, Payloads.nothing());
            // Had SET_OWNER been answered, its reply would come before this one.
            session.frontEnd.getFeatures();
            session.frontEnd.setProtocolFeatures(REPLY_ACK);
            session.assertAccepts(VhostUserRequest.SET_OWNER, Payloads.nothing());
        }
    }

    @Test
    void repliesKeepTheOrderOfTheirMessages() {
        try (TestSession session = withMemory()) {
            VhostUserRequest[] requests = {
                VhostUserRequest.SET_OWNER, VhostUserRequest.GET_FEATURES, VhostUserRequest.RESET_DEVICE,
                VhostUserRequest.GET_STATUS, VhostUserRequest.RESET_OWNER, VhostUserRequest.GET_QUEUE_NUM
            };
            for (VhostUserRequest request : requests) {
                session.frontEnd.send(request.id(), ASKING, Payloads.nothing());
            }
            for (VhostUserRequest request : requests) {
                try (Message reply = session.frontEnd.receive(TestBackend.TIMEOUT_NANOS)) {
                    assertNotNull(reply);
                    assertEquals(request.id(), reply.request());
                }
            }
        }
    }
}
