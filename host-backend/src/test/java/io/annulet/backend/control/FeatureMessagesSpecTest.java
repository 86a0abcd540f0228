package io.annulet.backend.control;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.annulet.guest.Payloads;
import io.annulet.vhostuser.ProtocolFeature;
import io.annulet.vhostuser.VhostUserRequest;
import io.annulet.vhostuser.VirtioFeature;
import org.junit.jupiter.api.Test;

/** GET_FEATURES, SET_FEATURES, GET_PROTOCOL_FEATURES, SET_PROTOCOL_FEATURES and GET_QUEUE_NUM. */
final class FeatureMessagesSpecTest extends ControlTest {

    private static final long OFFLOADS = VirtioFeature.NET_CSUM
            | VirtioFeature.NET_GUEST_CSUM
            | VirtioFeature.NET_HOST_TSO4
            | VirtioFeature.NET_HOST_TSO6
            | VirtioFeature.NET_HOST_ECN
            | VirtioFeature.NET_HOST_UFO
            | VirtioFeature.NET_HOST_USO
            | VirtioFeature.NET_GUEST_TSO4
            | VirtioFeature.NET_GUEST_TSO6
            | VirtioFeature.NET_GUEST_ECN
            | VirtioFeature.NET_GUEST_UFO
            | VirtioFeature.NET_GUEST_USO4
            | VirtioFeature.NET_GUEST_USO6;

    @Test
    void featuresOfferedAreThoseImplemented() {
        try (TestSession session = connected()) {
            long offered = session.frontEnd.getFeatures();
            assertEquals(
                    VirtioFeature.VERSION_1
                            | VirtioFeature.INDIRECT_DESC
                            | VirtioFeature.EVENT_IDX
                            | VirtioFeature.RING_PACKED
                            | VirtioFeature.IN_ORDER
                            | VirtioFeature.ORDER_PLATFORM
                            | VirtioFeature.LOG_ALL
                            | VirtioFeature.ANY_LAYOUT
                            | VirtioFeature.NET_MRG_RXBUF
                            | VirtioFeature.NET_GUEST_ANNOUNCE
                            | VirtioFeature.NET_MQ
                            | VirtioFeature.PROTOCOL_FEATURES
                            | OFFLOADS,
                    offered);
            assertEquals(0x1b03fL, session.frontEnd.getProtocolFeatures());
        }
    }

    @Test
    void mtuIsOfferedIfOneIsConfiguredAndMultiqueueIfThereAreSeveralPairs() {
        GuestEndpoint single = backend.open(
                VhostUserOptions.server("b", directory.resolve("b")).withMtu(1400));
        try (TestSession session = TestSession.connected(backend, single)) {
            long offered = session.frontEnd.getFeatures();
            assertTrue((offered & VirtioFeature.NET_MTU) != 0);
            assertEquals(0, offered & VirtioFeature.NET_MQ);
        }
    }

    @Test
    void featuresAcknowledgedShowInTheStatus() {
        try (TestSession session = connected()) {
            session.frontEnd.setProtocolFeatures(ProtocolFeature.REPLY_ACK.mask());
            session.assertAccepts(VhostUserRequest.SET_FEATURES, Payloads.u64(VirtioFeature.VERSION_1));
            SessionStatus status = session.status();
            assertEquals(VirtioFeature.VERSION_1, status.acknowledgedFeatures());
            assertEquals(ProtocolFeature.REPLY_ACK.mask(), status.acknowledgedProtocolFeatures());
            assertEquals(ProcessHandle.current().pid(), status.peerProcessId());
        }
    }

    @Test
    void featuresThatWereNeverOfferedAreRefused() {
        try (TestSession session = negotiated()) {
            long features = session.status().acknowledgedFeatures();
            for (long bit : new long[] {VirtioFeature.NET_CTRL_VQ, VirtioFeature.ACCESS_PLATFORM, 1L << 63, 1L << 31}) {
                session.assertRefuses(VhostUserRequest.SET_FEATURES, Payloads.u64(features | bit));
                session.assertRefuses(VhostUserRequest.SET_PROTOCOL_FEATURES, Payloads.u64(bit));
            }
            assertEquals(features, session.status().acknowledgedFeatures());
            session.assertCloses(VhostUserRequest.SET_FEATURES, Payloads.u64(VirtioFeature.NET_CTRL_VQ));
        }
    }

    @Test
    void inbandNotificationsAreRefusedSinceTheyAreNotOffered() {
        try (TestSession session = connected()) {
            session.assertCloses(
                    VhostUserRequest.SET_PROTOCOL_FEATURES, Payloads.u64(ProtocolFeature.INBAND_NOTIFICATIONS.mask()));
        }
    }

    @Test
    void featuresStayAsTheyAreWhileRingsRun() {
        try (TestSession session = withMemory()) {
            session.startRing(0);
            long features = session.status().acknowledgedFeatures();
            session.assertAccepts(VhostUserRequest.SET_FEATURES, Payloads.u64(features));
            session.assertRefuses(VhostUserRequest.SET_FEATURES, Payloads.u64(features & ~VirtioFeature.NET_MRG_RXBUF));
            session.frontEnd.getVringBase(0);
            session.assertAccepts(VhostUserRequest.SET_FEATURES, Payloads.u64(features & ~VirtioFeature.NET_MRG_RXBUF));
        }
    }

    @Test
    void withoutProtocolFeaturesAllRingsAreEnabledAtOnce() {
        try (TestSession session = connected()) {
            session.assertAcceptsInSilence(VhostUserRequest.SET_FEATURES, Payloads.u64(VirtioFeature.VERSION_1));
            session.frontEnd.setMemTable(session.ram.regions());
            session.startRing(0);
            assertEquals(RingState.STARTED_ENABLED, session.ring(0).state());
            assertTrue(session.ring(1).enabled());
            session.assertCloses(VhostUserRequest.SET_VRING_ENABLE, TestSession.state(0, 1));
        }
    }

    @Test
    void withProtocolFeaturesRingsStartDisabled() {
        try (TestSession session = withMemory()) {
            session.startRing(0);
            assertEquals(RingState.STARTED_DISABLED, session.ring(0).state());
            assertFalse(session.ring(0).enabled());
        }
    }

    @Test
    void queueNumIsCountedInPairs() {
        try (TestSession session = negotiated()) {
            assertEquals(QUEUE_PAIRS, session.frontEnd.getQueueNum());
        }
    }
}
