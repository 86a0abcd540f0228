package io.annulet.backend.data;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;

import io.annulet.backend.data.ArenaGuest.Shape;
import io.annulet.backend.offload.Offload;
import java.util.Arrays;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** VLANs on a switch: who gets a frame, and in which form. */
class VlanSwitchTest {

    private static final long ALL = 0xffff_ffff_ffffL;
    private static final long MAC_A = 0x02_00_00_00_00_0aL;
    private static final long MAC_B = 0x02_00_00_00_00_0bL;

    private final PolicedSwitch net = new PolicedSwitch();

    @AfterEach
    void stop() {
        net.close();
    }

    private void start() {
        net.port("a10", PolicedSwitch.access(10));
        net.port("b10", PolicedSwitch.access(10));
        net.port("a20", PolicedSwitch.access(20));
        net.port("trunk", PolicedSwitch.trunk(10, 20));
        net.port("native", PolicedSwitch.trunkWithNative(10, 20, 30));
        net.port("none", PolicedSwitch.NO_POLICY);
        net.port("none2", PolicedSwitch.NO_POLICY);
    }

    private static byte[] plain(int byteLength) {
        return ArenaGuest.frame(ALL, MAC_A, byteLength);
    }

    /** The frame with a tag between its addresses and what follows. */
    private static byte[] tagged(byte[] frame, int... tags) {
        byte[] longer = Arrays.copyOf(frame, frame.length + 4 * tags.length);
        System.arraycopy(frame, 12, longer, 12 + 4 * tags.length, frame.length - 12);
        for (int i = 0; i < tags.length; i++) {
            longer[12 + 4 * i] = (byte) 0x81;
            longer[13 + 4 * i] = 0;
            longer[14 + 4 * i] = (byte) (tags[i] >> 8);
            longer[15 + 4 * i] = (byte) tags[i];
        }
        return longer;
    }

    @ParameterizedTest
    @ValueSource(ints = {14, 15, 17, 48, 51, 52, 53, 56, 57, 100, 1500})
    void aFrameOfAnAccessPortReachesItsVlanInEachPortsForm(int byteLength) {
        start();
        byte[] frame = plain(byteLength);
        net.send("a10", frame);
        net.assertGot("b10", frame);
        net.assertGot("trunk", tagged(frame, 10));
        net.assertGot("native", tagged(frame, 10));
        net.assertNothing("a10", "a20", "none", "none2");
    }

    @ParameterizedTest
    @ValueSource(ints = {14, 15, 34, 47, 48, 49, 52, 56, 60, 100, 1500})
    void aFrameOfATrunkLosesItsTagAtAccessPortsAndKeepsItsPriorityAtTrunks(int byteLength) {
        start();
        byte[] frame = plain(byteLength);
        net.send("trunk", tagged(frame, 0xb000 | 20));
        net.assertGot("a20", frame);
        net.assertGot("native", tagged(frame, 0xb000 | 20));
        net.assertNothing("a10", "b10", "trunk", "none");
    }

    @Test
    void framesOfTheNativeVlanCrossWithoutATagOnTheirTrunk() {
        net.port("x", PolicedSwitch.trunkWithNative(10, 20));
        net.port("y", PolicedSwitch.trunkWithNative(10, 10));
        net.port("z", PolicedSwitch.trunk(20));
        net.port("c", PolicedSwitch.access(20));
        byte[] frame = plain(100);
        net.send("x", frame);
        net.assertGot("z", tagged(frame, 20));
        net.assertGot("c", frame);
        net.assertNothing("y");
        net.send("z", tagged(frame, 20));
        net.assertGot("x", frame);
        net.send("x", tagged(frame, 0x6000));
        net.assertGot("z", tagged(frame, 0x6000 | 20));
        net.send("c", frame);
        net.assertGot("x", frame);
    }

    @Test
    void whatAPortMayNotSendIsDroppedAndCounted() {
        start();
        byte[] frame = plain(100);
        byte[] service = tagged(frame, 10);
        service[12] = (byte) 0x88;
        service[13] = (byte) 0xa8;
        net.send("a10", tagged(frame, 10)); // an access port's own VLAN, in a tag
        net.send("a10", tagged(frame, 0)); // a priority
        net.send("a10", tagged(frame, 20));
        net.send("a10", service);
        assertEquals(4, net.counter("a10", "in.dropped.vlan"));
        net.send("trunk", frame); // no native VLAN
        net.send("trunk", tagged(frame, 30));
        net.send("trunk", tagged(frame, 4095));
        net.send("trunk", tagged(frame, 0));
        net.send("trunk", tagged(frame, 10, 20)); // the second one would come to light at an access port
        net.send("trunk", Arrays.copyOf(tagged(frame, 10), 16)); // cut in the tag
        assertEquals(6, net.counter("trunk", "in.dropped.vlan"));
        net.assertNothing("a10", "b10", "a20", "native", "none");
    }

    @Test
    void portsInNoVlanAreAmongThemselvesAndTagsMeanNothingThere() {
        start();
        byte[] frame = tagged(plain(100), 10, 20);
        net.send("none", frame);
        net.assertGot("none2", frame);
        net.assertNothing("a10", "b10", "a20", "trunk", "native");
    }

    @Test
    void theSameAddressIsKnownInEachVlanByItself() {
        start();
        net.send("b10", ArenaGuest.frame(ALL, MAC_B, 60));
        net.send("a20", ArenaGuest.frame(ALL, MAC_B, 60));
        net.send("none2", ArenaGuest.frame(ALL, MAC_B, 60));
        net.drain();
        byte[] frame = ArenaGuest.frame(MAC_B, MAC_A, 100);
        net.send("a10", frame);
        net.assertGot("b10", frame);
        net.send("trunk", tagged(frame, 20));
        net.assertGot("a20", frame);
        net.send("none", frame);
        net.assertGot("none2", frame);
        net.assertNothing("a10", "b10", "a20", "trunk", "native", "none", "none2");
    }

    @Test
    void theLongestFrameHasNoRoomForATag() {
        start();
        net.send("a10", plain(FrameBurst.MAX_FRAME_BYTES - 3));
        assertEquals(1, net.counter("a10", "in.dropped.too-long"));
    }

    @Test
    void whatAGuestLeavesToTheDeviceIsFoundBehindATag() {
        Shape offloads = Shape.USUAL.withOffloads(Offload.CHECKSUM, Offload.CHECKSUM);
        net.port("a", offloads, PolicedSwitch.access(10));
        net.port("takes", offloads, PolicedSwitch.trunk(10));
        net.port("plain", PolicedSwitch.trunk(10));
        byte[] udp = plain(14 + 20 + 8 + 40);
        System.arraycopy(new byte[] {8, 0, 0x45, 0, 0, 68, 0, 0, 0, 0, 64, 17, 0, 0}, 0, udp, 12, 14);
        udp[40] = 0x12; // the sum of the pseudo-header, as a driver leaves it
        udp[41] = 0x34;
        byte[] whole = new byte[12 + udp.length];
        System.arraycopy(udp, 0, whole, 12, udp.length);
        whole[0] = 1; // NEEDS_CSUM
        whole[6] = 34; // csum_start
        whole[8] = 6; // csum_offset
        net.sendRaw("a", whole);
        ArenaGuest.Received received = net.received("takes");
        assertArrayEquals(new byte[] {1, 0, 0, 0, 0, 0, 38, 0, 6, 0, 1, 0}, received.header);
        assertArrayEquals(tagged(udp, 10), received.frame);
        byte[] finished = tagged(udp, 10);
        int sum = 0;
        for (int i = 38; i < finished.length; i += 2) {
            sum += (finished[i] & 0xff) << 8 | (finished[i + 1] & 0xff);
        }
        int folded = ~((sum & 0xffff) + (sum >>> 16));
        finished[44] = (byte) (folded >> 8);
        finished[45] = (byte) folded;
        net.assertGot("plain", finished);
        assertNull(net.guest("a").receive());
    }
}
