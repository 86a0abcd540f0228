package io.annulet.backend.control;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import io.annulet.guest.DriverControlQueue;
import io.annulet.guest.ExtensionMessages;
import io.annulet.guest.GuestOptions;
import io.annulet.guest.SimulatedGuest;
import io.annulet.vhostuser.NetConfigLayout;
import io.annulet.vhostuser.NetControl;
import io.annulet.vhostuser.VirtioFeature;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What the commands of the control queue do to the frames a guest gets. VIRTIO 1.4, "Control Virtqueue". */
final class ControlQueueSpecTest extends ControlTest {

    private static final String OWN = "52:54:00:00:00:07";
    private static final String OTHER = "52:54:00:00:00:08";
    private static final String GROUP = "01:00:5e:00:00:05";
    private static final String BROADCAST = "ff:ff:ff:ff:ff:ff";
    private static final String MARK = "52:54:00:00:00:fe";

    private final List<AutoCloseable> guests = new ArrayList<>();
    private GuestEndpoint sending;

    @Override
    VhostUserOptions options(String name) {
        return super.options(name).withGenericProfile(DeviceConfig.of(OWN, DeviceConfig.UNKNOWN_SPEED));
    }

    @BeforeEach
    void openSender() {
        sending = backend.open(super.options("sender"));
    }

    @AfterEach
    void closeGuests() throws Exception {
        for (AutoCloseable guest : guests) {
            guest.close();
        }
    }

    private SimulatedGuest guest(GuestOptions options) {
        SimulatedGuest guest = SimulatedGuest.connect(endpoint.options().socket(), options);
        guests.add(guest);
        return guest;
    }

    private SimulatedGuest guest() {
        return guest(GuestOptions.DEFAULTS.withControlQueue());
    }

    private SimulatedGuest sender() {
        SimulatedGuest guest = SimulatedGuest.connect(sending.options().socket(), GuestOptions.DEFAULTS);
        guests.add(guest);
        return guest;
    }

    private static DriverControlQueue control(SimulatedGuest guest) {
        DriverControlQueue control = guest.driver().controlQueue();
        if (control == null) {
            throw new AssertionError("no control queue was agreed on");
        }
        return control;
    }

    private static byte[] mac(String text) {
        return HexFormat.ofDelimiter(":").parseHex(text);
    }

    private static byte[] frame(String destination, int vlan) {
        ByteBuffer frame = ByteBuffer.allocate(60);
        frame.put(mac(destination)).put(mac("52:54:00:00:00:aa"));
        if (vlan >= 0) {
            frame.putShort((short) 0x8100).putShort((short) vlan);
        }
        frame.putShort((short) 0x88b5);
        return frame.array();
    }

    /** Whether a guest gets a frame; the mark behind it is one that every guest here gets. */
    private static boolean gets(SimulatedGuest guest, SimulatedGuest sender, String destination, int vlan) {
        sender.transmitQueue(0).send(frame(destination, vlan));
        sender.transmitQueue(0).send(frame(MARK, -1));
        sender.transmitQueue(0).flush();
        List<String> got = new ArrayList<>();
        String mark = HexFormat.of().formatHex(frame(MARK, -1));
        TestBackend.await("the mark", () -> {
            guest.receiveQueue(0).receive(frame -> got.add(HexFormat.of().formatHex(frame.toByteArray())), 16);
            return got.contains(mark);
        });
        return got.contains(HexFormat.of().formatHex(frame(destination, vlan)));
    }

    /** Not promiscuous, with the mark's address beside its own. */
    private static void filter(DriverControlQueue control) {
        assertEquals(NetControl.OK, setTable(control, List.of(MARK), List.of()));
        assertEquals(NetControl.OK, control.mode(NetControl.RX_PROMISC, false));
    }

    private static int setTable(DriverControlQueue control, List<String> unicast, List<String> groups) {
        ByteBuffer data =
                ByteBuffer.allocate(8 + 6 * (unicast.size() + groups.size())).order(ByteOrder.LITTLE_ENDIAN);
        data.putInt(unicast.size());
        unicast.forEach(address -> data.put(mac(address)));
        data.putInt(groups.size());
        groups.forEach(address -> data.put(mac(address)));
        return control.command(NetControl.MAC, NetControl.MAC_TABLE_SET, data.array());
    }

    @Test
    void everythingIsGotUntilTheDriverSaysOtherwise() {
        SimulatedGuest guest = guest();
        SimulatedGuest sender = sender();
        for (String destination : List.of(OWN, OTHER, GROUP, BROADCAST)) {
            assertEquals(true, gets(guest, sender, destination, -1), destination);
        }
    }

    @Test
    void framesForOthersAreFilteredUnlessPromiscuous() {
        SimulatedGuest guest = guest();
        SimulatedGuest sender = sender();
        DriverControlQueue control = control(guest);
        filter(control);
        assertEquals(true, gets(guest, sender, OWN, -1));
        assertEquals(true, gets(guest, sender, BROADCAST, -1));
        assertEquals(false, gets(guest, sender, OTHER, -1));
        assertEquals(false, gets(guest, sender, GROUP, -1));
        assertEquals(2, backend.counter("a out.dropped.filtered"));
        assertEquals(NetControl.OK, control.mode(NetControl.RX_PROMISC, true));
        assertEquals(true, gets(guest, sender, OTHER, -1));
        assertEquals(2, backend.counter("a out.dropped.filtered"));
    }

    @ParameterizedTest
    @CsvSource({
        "1," + GROUP + ",true", // ALLMULTI
        "2," + OTHER + ",true", // ALLUNI
        "5," + BROADCAST + ",false" // NOBCAST
    })
    void eachModeDoesItsPart(int mode, String destination, boolean expected) {
        SimulatedGuest guest = guest();
        SimulatedGuest sender = sender();
        filter(control(guest));
        assertEquals(!expected, gets(guest, sender, destination, -1));
        assertEquals(NetControl.OK, control(guest).mode(mode, true));
        assertEquals(expected, gets(guest, sender, destination, -1));
        assertEquals(NetControl.OK, control(guest).mode(mode, false));
        assertEquals(!expected, gets(guest, sender, destination, -1));
    }

    @Test
    void addressesInTheTablesAreGot() {
        SimulatedGuest guest = guest();
        SimulatedGuest sender = sender();
        filter(control(guest));
        assertEquals(NetControl.OK, setTable(control(guest), List.of(OTHER, MARK), List.of(GROUP)));
        assertEquals(true, gets(guest, sender, OTHER, -1));
        assertEquals(true, gets(guest, sender, GROUP, -1));
        assertEquals(NetControl.OK, setTable(control(guest), List.of(MARK), List.of()));
        assertEquals(false, gets(guest, sender, OTHER, -1));
        assertEquals(NetControl.ERR, setTable(control(guest), List.of(GROUP), List.of()));
        assertEquals(NetControl.ERR, setTable(control(guest), List.of(), List.of(OTHER)));
    }

    @Test
    void aTableThatIsTooLongLetsAllIn() {
        SimulatedGuest guest = guest();
        SimulatedGuest sender = sender();
        filter(control(guest));
        List<String> many = new ArrayList<>();
        many.add(MARK);
        while (many.size() < ControlLimits.DEFAULTS.receiveAddresses()) {
            many.add(String.format("52:54:01:00:%02x:%02x", many.size() >> 8, many.size() & 0xff));
        }
        assertEquals(NetControl.OK, setTable(control(guest), many, List.of()));
        assertEquals(false, gets(guest, sender, OTHER, -1));
        many.add("52:54:02:00:00:00");
        assertEquals(NetControl.OK, setTable(control(guest), many, List.of()));
        assertEquals(true, gets(guest, sender, OTHER, -1));
        assertEquals(false, gets(guest, sender, GROUP, -1));
    }

    @Test
    void theAddressOfTheDeviceCanBeChanged() {
        SimulatedGuest guest = guest();
        SimulatedGuest sender = sender();
        filter(control(guest));
        assertEquals(NetControl.OK, control(guest).command(NetControl.MAC, NetControl.MAC_ADDR_SET, mac(OTHER)));
        assertEquals(true, gets(guest, sender, OTHER, -1));
        assertEquals(false, gets(guest, sender, OWN, -1));
        assertArrayEquals(mac(OTHER), new ExtensionMessages(guest.frontEnd()).getConfig(NetConfigLayout.MAC, 6));
        assertEquals(NetControl.ERR, control(guest).command(NetControl.MAC, NetControl.MAC_ADDR_SET, mac(GROUP)));
    }

    @Test
    void framesOfVlansThatTheGuestIsInAreGot() {
        SimulatedGuest guest = guest();
        SimulatedGuest sender = sender();
        DriverControlQueue control = control(guest);
        filter(control);
        assertEquals(false, gets(guest, sender, OWN, 10));
        assertEquals(true, gets(guest, sender, OWN, 0));
        assertEquals(NetControl.OK, control.command16(NetControl.VLAN, NetControl.VLAN_ADD, 10));
        assertEquals(true, gets(guest, sender, OWN, 10));
        assertEquals(true, gets(guest, sender, OWN, 0xe00a));
        assertEquals(false, gets(guest, sender, OTHER, 10));
        assertEquals(false, gets(guest, sender, OWN, 11));
        assertEquals(NetControl.OK, control.command16(NetControl.VLAN, NetControl.VLAN_DEL, 10));
        assertEquals(false, gets(guest, sender, OWN, 10));
    }

    @Test
    void aDriverThatBeginsAnewHasSaidNothing() {
        SimulatedGuest guest = guest();
        SimulatedGuest sender = sender();
        filter(control(guest));
        assertEquals(false, gets(guest, sender, OTHER, -1));
        guest.reset();
        assertEquals(true, gets(guest, sender, OTHER, -1));
    }

    @Test
    void queuePairsAreUsedAsToldUpToThoseThereAre() {
        SimulatedGuest guest = guest(GuestOptions.DEFAULTS.withControlQueue().withQueuePairs(QUEUE_PAIRS));
        DriverControlQueue control = control(guest);
        for (int pairs : new int[] {1, QUEUE_PAIRS}) {
            assertEquals(NetControl.OK, control.command16(NetControl.MQ, NetControl.MQ_VQ_PAIRS_SET, pairs));
        }
        for (int pairs : new int[] {0, QUEUE_PAIRS + 1, 0x8000, 0xffff}) {
            assertEquals(NetControl.ERR, control.command16(NetControl.MQ, NetControl.MQ_VQ_PAIRS_SET, pairs));
        }
    }

    @Test
    void offloadsThatTheDriverTurnsOffAreDoneHere() {
        long offload = VirtioFeature.NET_CSUM | VirtioFeature.NET_GUEST_CSUM;
        GuestOptions options = GuestOptions.DEFAULTS.withControlQueue();
        SimulatedGuest guest = guest(options.withFeatures(options.features() | offload));
        DriverControlQueue control = control(guest);
        assertEquals(NetControl.OK, offloads(control, 0));
        assertEquals(NetControl.OK, offloads(control, VirtioFeature.NET_GUEST_CSUM));
        assertEquals(NetControl.ERR, offloads(control, VirtioFeature.NET_GUEST_TSO4));
        assertEquals(NetControl.ERR, offloads(control, VirtioFeature.NET_CSUM));
        assertEquals(NetControl.ERR, offloads(control, -1));
    }

    private static int offloads(DriverControlQueue control, long mask) {
        return control.command64(NetControl.GUEST_OFFLOADS, NetControl.GUEST_OFFLOADS_SET, mask);
    }

    @Test
    void commandsOfWhatWasNotAgreedOnAreRefused() {
        GuestOptions options = GuestOptions.DEFAULTS.withControlQueue();
        SimulatedGuest guest = guest(options.without(VirtioFeature.NET_CTRL_RX | VirtioFeature.NET_CTRL_VLAN));
        DriverControlQueue control = control(guest);
        assertEquals(NetControl.ERR, control.mode(NetControl.RX_PROMISC, false));
        assertEquals(NetControl.OK, control.mode(NetControl.RX_ALLUNI, false));
        assertEquals(NetControl.ERR, control.command16(NetControl.VLAN, NetControl.VLAN_ADD, 1));
        assertEquals(NetControl.ERR, control.command16(NetControl.MQ, 77, 1));
        assertEquals(NetControl.ERR, control.command16(99, 0, 1));
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void aCommandMayLieInAnyDescriptorsOfAnyLayout(boolean packed) {
        GuestOptions options = GuestOptions.DEFAULTS.withControlQueue();
        long layout = packed ? VirtioFeature.RING_PACKED : 0;
        DriverControlQueue control = control(guest(options.withFeatures(options.features() | layout)));
        byte[] command = {NetControl.VLAN, NetControl.VLAN_ADD, 5, 0};
        for (int round = 0; round < 100; round++) {
            int piece = 1 + round % command.length;
            boolean indirect = round % 2 == 1;
            control.submit(command, piece, 1 + round % 3, 1, indirect);
            assertArrayEquals(new byte[] {NetControl.OK}, control.await());
        }
    }

    @Test
    void withoutMultiQueueTheControlQueueIsTheThirdRing() {
        SimulatedGuest guest = guest(GuestOptions.DEFAULTS.withControlQueue().without(VirtioFeature.NET_MQ));
        assertEquals(2, control(guest).vring().index());
        assertEquals(NetControl.OK, control(guest).mode(NetControl.RX_PROMISC, false));
    }
}
