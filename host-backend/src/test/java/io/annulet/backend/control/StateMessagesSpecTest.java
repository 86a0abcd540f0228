package io.annulet.backend.control;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.annulet.guest.DriverControlQueue;
import io.annulet.guest.FrontEndException;
import io.annulet.guest.GuestOptions;
import io.annulet.guest.MigrationMessages;
import io.annulet.guest.MigrationMessages.Direction;
import io.annulet.guest.SimulatedGuest;
import io.annulet.linux.Errno;
import io.annulet.linux.Fd;
import io.annulet.linux.FileDescriptors;
import io.annulet.linux.Memfd;
import io.annulet.linux.Pipe;
import io.annulet.memory.HostMemory;
import io.annulet.vhostuser.NetControl;
import io.annulet.vhostuser.ProtocolFeature;
import io.annulet.vhostuser.VirtioFeature;
import java.io.ByteArrayOutputStream;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** A device's state goes from back-end to back-end. vhost-user, QEMU 10.0, "Migrating back-end state". */
final class StateMessagesSpecTest extends ControlTest {

    private static final String OWN = "52:54:00:00:00:07";
    private static final int ROOM = 1 << 17;
    private static final int NAME_BYTES = 8;

    private GuestEndpoint other;

    @Override
    VhostUserOptions options(String name) {
        return super.options(name).withGenericProfile(DeviceConfig.of(OWN, DeviceConfig.UNKNOWN_SPEED));
    }

    @BeforeEach
    void openOther() {
        other = backend.open(options("b"));
    }

    private static SimulatedGuest connect(GuestEndpoint to) {
        GuestOptions options = GuestOptions.DEFAULTS.withControlQueue();
        options = options.withFeatures(options.features() | VirtioFeature.NET_NOTF_COAL);
        return SimulatedGuest.connect(
                to.options().socket(),
                options.withProtocolFeatures(
                        options.protocolFeatures() | ProtocolFeature.maskOf(ProtocolFeature.DEVICE_STATE)));
    }

    private static DriverControlQueue control(SimulatedGuest guest) {
        DriverControlQueue control = guest.driver().controlQueue();
        if (control == null) {
            throw new AssertionError("no control queue was agreed on");
        }
        return control;
    }

    private static byte[] save(SimulatedGuest guest) {
        MigrationMessages messages = new MigrationMessages(guest.frontEnd());
        try (Arena arena = Arena.ofConfined();
                Pipe pipe = Pipe.create(ROOM)) {
            messages.setDeviceStateFd(Direction.SAVE, pipe.writeEnd());
            pipe.writeEnd().close();
            MemorySegment buffer = arena.allocate(ROOM);
            ByteArrayOutputStream state = new ByteArrayOutputStream();
            TestBackend.await("the end of the state", () -> {
                long count = FileDescriptors.read(pipe.readEnd(), buffer);
                if (count > 0) {
                    state.writeBytes(HostMemory.copyOut(buffer.address(), (int) count));
                }
                assertTrue(count >= 0 || count == -Errno.EAGAIN, "error " + -count);
                return count == 0;
            });
            messages.checkDeviceState();
            return state.toByteArray();
        }
    }

    private static void load(SimulatedGuest guest, byte[] state) {
        MigrationMessages messages = new MigrationMessages(guest.frontEnd());
        try (Arena arena = Arena.ofConfined();
                Pipe pipe = Pipe.create(ROOM)) {
            messages.setDeviceStateFd(Direction.LOAD, pipe.readEnd());
            MemorySegment bytes = arena.allocate(Math.max(1, state.length));
            HostMemory.copyIn(state, 0, bytes.address(), state.length);
            assertEquals(state.length, state.length == 0 ? 0 : pipe.write(bytes.address(), state.length));
            pipe.writeEnd().close();
            messages.checkDeviceState();
        }
    }

    /** Everything that a driver can say, said in another way than a device is after its reset. */
    private static void sayAll(DriverControlQueue control) {
        assertEquals(NetControl.OK, control.mode(NetControl.RX_PROMISC, false));
        assertEquals(NetControl.OK, control.mode(NetControl.RX_ALLMULTI, true));
        assertEquals(NetControl.OK, control.mode(NetControl.RX_NOBCAST, true));
        ByteBuffer table = ByteBuffer.allocate(20).order(ByteOrder.LITTLE_ENDIAN);
        table.putInt(1).put(new byte[] {0x52, 0x54, 0, 0, 0, 9});
        table.putInt(1).put(new byte[] {1, 0, 0x5e, 0, 0, 5});
        assertEquals(NetControl.OK, control.command(NetControl.MAC, NetControl.MAC_TABLE_SET, table.array()));
        assertEquals(
                NetControl.OK,
                control.command(NetControl.MAC, NetControl.MAC_ADDR_SET, new byte[] {0x52, 0x54, 0, 0, 0, 11}));
        for (int vlan : new int[] {1, 77, NetControl.MAX_VLAN_ID}) {
            assertEquals(NetControl.OK, control.command(NetControl.VLAN, NetControl.VLAN_ADD, new byte[] {
                (byte) vlan, (byte) (vlan >> 8)
            }));
        }
        assertEquals(
                NetControl.OK,
                control.command(NetControl.GUEST_OFFLOADS, NetControl.GUEST_OFFLOADS_SET, new byte[Long.BYTES]));
        ByteBuffer calls = ByteBuffer.allocate(NetControl.COAL_BYTES).order(ByteOrder.LITTLE_ENDIAN);
        calls.putInt(16).putInt(50);
        assertEquals(NetControl.OK, control.command(NetControl.NOTF_COAL, NetControl.NOTF_COAL_RX_SET, calls.array()));
    }

    @Test
    void whatTheDriverSaidIsInForceInTheOtherBackEnd() {
        byte[] said;
        byte[] silent;
        try (SimulatedGuest guest = connect(endpoint)) {
            guest.shutdown();
            silent = save(guest);
            guest.resume();
            sayAll(control(guest));
            guest.stopRings();
            said = save(guest);
        }
        assertTrue(said.length > silent.length, said.length + " bytes");
        try (SimulatedGuest guest = connect(other)) {
            guest.shutdown();
            load(guest, said);
            assertArrayEquals(said, save(guest));
            guest.resume(); // agrees on features once more, as a front-end does that starts a device
            guest.stopRings();
            assertArrayEquals(said, save(guest));
            guest.frontEnd().setStatus(0); // a reset
            assertArrayEquals(silent, save(guest));
        }
    }

    @Test
    void aStateLoadedOnceDoesNotComeBackWhenTheDriverBeginsAnew() {
        try (SimulatedGuest guest = connect(endpoint)) {
            guest.shutdown();
            byte[] silent = save(guest);
            guest.resume();
            sayAll(control(guest));
            guest.stopRings();
            byte[] said = save(guest);
            guest.frontEnd().setStatus(0);
            load(guest, said);
            guest.resume();
            guest.reset();
            guest.stopRings();
            assertArrayEquals(silent, save(guest));
        }
    }

    @Test
    void runningRingsAreNotSaved() {
        try (SimulatedGuest guest = connect(endpoint);
                Pipe pipe = Pipe.create(ROOM)) {
            MigrationMessages messages = new MigrationMessages(guest.frontEnd());
            assertThrows(FrontEndException.class, () -> messages.setDeviceStateFd(Direction.SAVE, pipe.writeEnd()));
            assertThrows(FrontEndException.class, messages::checkDeviceState);
            guest.shutdown();
            save(guest);
        }
    }

    @Test
    void K10_aStateThatIsCutOffOrFuzzedChangesNothing() {
        byte[] said;
        try (SimulatedGuest guest = connect(endpoint)) {
            sayAll(control(guest));
            guest.stopRings();
            said = save(guest);
        }
        try (SimulatedGuest guest = connect(other)) {
            guest.shutdown();
            byte[] silent = save(guest);
            for (int cut = 0; cut < said.length; cut++) {
                byte[] part = Arrays.copyOf(said, cut);
                assertThrows(FrontEndException.class, () -> load(guest, part), "cut at " + cut);
            }
            byte[] longer = Arrays.copyOf(said, said.length + 1);
            assertThrows(FrontEndException.class, () -> load(guest, longer));
            byte[] tooLong = Arrays.copyOf(said, StateTransfer.MOST_BYTES + 1);
            assertThrows(FrontEndException.class, () -> load(guest, tooLong));
            byte[] ofAnotherVersion = said.clone();
            ofAnotherVersion[NAME_BYTES - 1]++;
            assertThrows(FrontEndException.class, () -> load(guest, ofAnotherVersion));
            assertArrayEquals(silent, save(guest));
            Random random = new Random(19);
            for (int round = 0; round < 2_000; round++) {
                byte[] changed = said.clone();
                changed[random.nextInt(changed.length)] ^= (byte) (1 << random.nextInt(8));
                boolean taken = isTaken(guest, changed);
                byte[] now = save(guest);
                if (!taken) {
                    assertArrayEquals(silent, now, "round " + round);
                }
                guest.frontEnd().setStatus(0);
            }
        }
    }

    private static boolean isTaken(SimulatedGuest guest, byte[] state) {
        try {
            load(guest, state);
            return true;
        } catch (FrontEndException refused) {
            assertEquals(FrontEndException.Reason.REFUSED, refused.reason());
            return false;
        }
    }

    @Test
    void aChannelThatIsAFileEndsTheSession() {
        try (SimulatedGuest guest = connect(endpoint);
                Fd file = Memfd.create("state", ROOM, false)) {
            guest.shutdown();
            MigrationMessages messages = new MigrationMessages(guest.frontEnd());
            assertThrows(FrontEndException.class, () -> messages.setDeviceStateFd(Direction.SAVE, file));
        }
    }
}
