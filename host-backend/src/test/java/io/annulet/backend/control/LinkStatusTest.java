package io.annulet.backend.control;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;

import io.annulet.guest.BackendChannel;
import io.annulet.guest.DriverControlQueue;
import io.annulet.guest.ExtensionMessages;
import io.annulet.guest.GuestOptions;
import io.annulet.guest.Message;
import io.annulet.guest.SimulatedGuest;
import io.annulet.vhostuser.BackendRequest;
import io.annulet.vhostuser.NetConfigLayout;
import io.annulet.vhostuser.NetControl;
import org.junit.jupiter.api.Test;

/** The link of a port that is one end of a straight link, as its guest sees it. VIRTIO 1.4, "Gratuitous Packet Sending" too. */
final class LinkStatusTest extends ControlTest {

    private static final int UP = NetConfigLayout.LINK_UP;
    private static final int ANNOUNCE = NetConfigLayout.ANNOUNCE;

    @Override
    VhostUserOptions options(String name) {
        return super.options(name).withGenericProfile(DeviceConfig.UNSAID);
    }

    private static SimulatedGuest guest(GuestEndpoint endpoint) {
        return SimulatedGuest.connect(endpoint.options().socket(), GuestOptions.DEFAULTS.withControlQueue());
    }

    private static int status(SimulatedGuest guest) {
        return new ExtensionMessages(guest.frontEnd()).getConfig(NetConfigLayout.STATUS, 2)[0];
    }

    private static void awaitConfigChange(SimulatedGuest guest) {
        BackendChannel channel = guest.backendChannel();
        assertNotNull(channel);
        try (Message message = channel.receive(TestBackend.TIMEOUT_NANOS)) {
            assertNotNull(message, "the front-end is told");
            assertEquals(BackendRequest.CONFIG_CHANGE_MSG.id(), message.request());
        }
    }

    @Test
    void isUpWhileAGuestReceivesAtTheOtherEnd() {
        GuestEndpoint other = backend.open(options("b"));
        endpoint.followLink(other);
        try (SimulatedGuest guest = guest(endpoint)) {
            assertEquals(0, status(guest));
            for (int round = 0; round < 3; round++) {
                try (SimulatedGuest peer = guest(other)) {
                    awaitConfigChange(guest);
                    assertEquals(UP | ANNOUNCE, status(guest));
                    DriverControlQueue control = guest.driver().controlQueue();
                    assertNotNull(control);
                    assertEquals(NetControl.OK, control.command(NetControl.ANNOUNCE, NetControl.ANNOUNCE_ACK));
                    assertEquals(UP, status(guest));
                    peer.shutdown();
                    awaitConfigChange(guest);
                    assertEquals(0, status(guest));
                    peer.resume();
                    awaitConfigChange(guest);
                }
                awaitConfigChange(guest);
                assertEquals(0, status(guest));
            }
        }
    }

    @Test
    void isUpOnASwitchWhoeverIsThere() {
        try (SimulatedGuest guest = guest(endpoint)) {
            assertEquals(UP, status(guest));
        }
    }
}
