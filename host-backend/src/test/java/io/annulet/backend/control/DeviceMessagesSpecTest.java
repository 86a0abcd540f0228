package io.annulet.backend.control;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.annulet.guest.BackendChannel;
import io.annulet.guest.GuestOptions;
import io.annulet.guest.Payloads;
import io.annulet.guest.RawRing;
import io.annulet.guest.SimulatedGuest;
import io.annulet.linux.FileDescriptors;
import io.annulet.linux.UnixSocket;
import io.annulet.vhostuser.VhostUserRequest;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * SET_OWNER, RESET_OWNER, RESET_DEVICE, SET_STATUS, GET_STATUS, NET_SET_MTU, SEND_RARP and SET_BACKEND_REQ_FD.
 */
final class DeviceMessagesSpecTest extends ControlTest {

    private static final int DRIVER_OK = 4;
    private static final int FAILED = 0x80;

    @Test
    void setOwnerIsAccepted() {
        try (TestSession session = negotiated()) {
            session.assertAccepts(VhostUserRequest.SET_OWNER, Payloads.nothing());
            session.assertAccepts(VhostUserRequest.SET_OWNER, Payloads.nothing());
        }
    }

    @Test
    void resetOwnerDropsNothing() {
        try (TestSession session = withMemory()) {
            session.startRing(0);
            SessionStatus before = session.status();
            session.assertAccepts(VhostUserRequest.RESET_OWNER, Payloads.nothing());
            assertEquals(before, session.status());
        }
    }

    @Test
    void resetDeviceStopsAndDisablesAllRingsAndKeepsFeaturesAndMemory() {
        try (TestSession session = withMemory()) {
            RawRing ring = session.startRing(0);
            session.startRing(1);
            session.frontEnd.setVringEnable(1, true);
            session.frontEnd.setStatus(DRIVER_OK);
            SessionStatus before = session.status();
            session.assertAccepts(VhostUserRequest.RESET_DEVICE, Payloads.nothing());
            SessionStatus after = session.status();
            assertTrue(after.rings().stream().allMatch(one -> one.state() == RingState.STOPPED && !one.enabled()));
            assertEquals(before.acknowledgedFeatures(), after.acknowledgedFeatures());
            assertEquals(before.regions(), after.regions());
            assertEquals(0, session.frontEnd.getStatus());
            session.assertRefuses(VhostUserRequest.SET_VRING_KICK, Payloads.u64(0), session.eventFd());

            ring.clear(0);
            session.frontEnd.setVringNum(0, TestSession.RING_SIZE);
            session.frontEnd.setVringAddress(0, ring);
            session.frontEnd.setVringKick(0, session.eventFd());
            assertEquals(RingState.STARTED_DISABLED, session.ring(0).state());
        }
    }

    @Test
    void theStatusIsKeptAndZeroStopsTheRings() {
        try (TestSession session = withMemory()) {
            session.startRing(0);
            session.assertAccepts(VhostUserRequest.SET_STATUS, Payloads.u64(DRIVER_OK));
            assertEquals(DRIVER_OK, session.frontEnd.getStatus());
            session.assertAccepts(VhostUserRequest.SET_STATUS, Payloads.u64(FAILED));
            assertEquals(RingState.STARTED_DISABLED, session.ring(0).state());
            session.assertAccepts(VhostUserRequest.SET_STATUS, Payloads.u64(0));
            assertEquals(0, session.frontEnd.getStatus());
            assertEquals(RingState.STOPPED, session.ring(0).state());
            session.assertRefuses(VhostUserRequest.SET_STATUS, Payloads.u64(0x100));
        }
    }

    @Test
    void theResetsAreAcceptedInEveryState() {
        byte[][] statuses = {Payloads.u64(0), Payloads.u64(FAILED)};
        try (TestSession session = withMemory()) {
            for (int round = 0; round < 3; round++) {
                session.assertAccepts(VhostUserRequest.RESET_OWNER, Payloads.nothing());
                session.assertAccepts(VhostUserRequest.SET_STATUS, statuses[round % 2]);
                session.assertAccepts(VhostUserRequest.RESET_DEVICE, Payloads.nothing());
                session.startRing(round);
            }
        }
    }

    // MTU.

    @ParameterizedTest
    @ValueSource(longs = {68, 1500, 65535})
    void anMtuWithinBoundsIsAccepted(long mtu) {
        try (TestSession session = negotiated()) {
            session.assertAccepts(VhostUserRequest.NET_SET_MTU, Payloads.u64(mtu));
            assertEquals(mtu, session.status().mtu());
        }
    }

    @ParameterizedTest
    @ValueSource(longs = {0, 67, 65536, -1, 1L << 32 | 1500})
    void anMtuOutOfBoundsIsRefused(long mtu) {
        try (TestSession session = negotiated()) {
            session.assertRefuses(VhostUserRequest.NET_SET_MTU, Payloads.u64(mtu));
            session.assertCloses(VhostUserRequest.NET_SET_MTU, Payloads.u64(mtu));
        }
    }

    @Test
    void anMtuAboveTheConfiguredOneIsRefused() {
        GuestEndpoint small = backend.open(options("small").withMtu(1400));
        try (TestSession session = TestSession.negotiated(backend, small)) {
            session.assertAccepts(VhostUserRequest.NET_SET_MTU, Payloads.u64(1400));
            session.assertRefuses(VhostUserRequest.NET_SET_MTU, Payloads.u64(1401));
        }
    }

    // Announcing.

    @Test
    void anAnnouncedAddressReachesTheOtherPortsAsARarpBroadcast() {
        GuestEndpoint other = backend.open(options("b"));
        try (SimulatedGuest listener = SimulatedGuest.connect(other.options().socket(), GuestOptions.DEFAULTS);
                TestSession session = withMemory()) {
            session.frontEnd.sendRarp(0x5254_0012_3456L);
            assertTrue(listener.receiveQueue(0).awaitUsed(TestBackend.TIMEOUT_NANOS), "a frame arrives");
            List<byte[]> frames = new ArrayList<>();
            listener.receiveQueue(0).receive(frame -> frames.add(frame.toByteArray()), 8);
            assertEquals(1, frames.size());
            assertArrayEquals(
                    HexFormat.of()
                            .parseHex("ffffffffffff" + "525400123456" + "8035" + "0001" + "0800" + "06" + "04" + "0003"
                                    + "525400123456" + "00000000" + "525400123456" + "00000000" + "00".repeat(18)),
                    frames.get(0));
        }
    }

    @Test
    void onlyAHostsAddressIsAnnounced() {
        try (TestSession session = negotiated()) {
            session.assertRefuses(VhostUserRequest.SEND_RARP, Payloads.u64(0));
            session.assertRefuses(VhostUserRequest.SEND_RARP, Payloads.u64(0xffff_ffff_ffffL));
            session.assertRefuses(VhostUserRequest.SEND_RARP, Payloads.u64(0x01));
        }
    }

    // The back-end's own channel.

    @Test
    void theChannelForRequestsIsKeptAndASecondOneReplacesTheFirst() {
        try (TestSession session = negotiated();
                BackendChannel first = session.frontEnd.openBackendChannel()) {
            int open = FileDescriptors.openCount();
            for (int i = 0; i < 10; i++) {
                try (UnixSocket.Pair pair = UnixSocket.pair()) {
                    session.assertAccepts(
                            VhostUserRequest.SET_BACKEND_REQ_FD,
                            Payloads.nothing(),
                            pair.second().fd());
                }
            }
            session.status();
            assertEquals(open, FileDescriptors.openCount());
            assertNull(first.receive(0));
            assertTrue(first.isClosed());
        }
    }

    @Test
    void theChannelForRequestsIsASocket() {
        try (TestSession session = negotiated()) {
            session.assertRefuses(VhostUserRequest.SET_BACKEND_REQ_FD, Payloads.nothing(), session.eventFd());
            session.assertRefuses(
                    VhostUserRequest.SET_BACKEND_REQ_FD,
                    Payloads.nothing(),
                    session.ram.regions().get(0).file());
        }
    }
}
