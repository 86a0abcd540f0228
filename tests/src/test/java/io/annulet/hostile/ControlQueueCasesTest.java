package io.annulet.hostile;

import static io.annulet.hostile.VillainQueue.INDIRECT;
import static io.annulet.hostile.VillainQueue.NEXT;
import static io.annulet.hostile.VillainQueue.WRITE;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.annulet.guest.GuestOptions;
import io.annulet.guest.QueueOptions;
import io.annulet.guest.RamOptions;
import io.annulet.guest.SimulatedGuest;
import io.annulet.journey.BackendProcess;
import io.annulet.memory.HostMemory;
import io.annulet.vhostuser.NetControl;
import io.annulet.vhostuser.VirtioFeature;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Class J of the catalogue: what a driver may do with a control queue that is the back-end's. */
@ExtendWith(Hostile.class)
@Timeout(120)
final class ControlQueueCasesTest {

    private static final int ROUNDS = Integer.getInteger("annulet.hostile.commands", 2_000);
    private static final VillainOptions COMMANDER = VillainOptions.SPLIT
            .with(GuestOptions.CONTROL_FEATURES & ~VirtioFeature.NET_MAC & ~VirtioFeature.NET_SPEED_DUPLEX)
            .withRam(RamOptions.of(4 << 20));
    private static final VillainOptions MANY_QUEUES =
            COMMANDER.with(VirtioFeature.NET_MQ | VirtioFeature.NET_RSS).withQueuePairs(2);

    private static final String REFUSED = "commands.refused";
    private static final String BAD = "commands.bad";
    private static final byte[] GOOD = {NetControl.VLAN, NetControl.VLAN_ADD, 5, 0};
    private static final int UNTOUCHED = 0x5a;

    /** Offers a command in two descriptors, and returns the ack: the n-th one on this queue. */
    private static int command(Villain villain, int n, byte[] command) {
        VillainQueue control = villain.control();
        int slot = 2 * n % control.size();
        long ack = villain.memory.writable(1);
        control.descriptor(slot, villain.memory.readable(command), command.length, NEXT, slot + 1);
        control.descriptor(slot + 1, ack, 1, WRITE, 0);
        control.offer(slot);
        control.awaitUsed(n + 1);
        control.assertUsed(n, slot, 1);
        return villain.memory.read(ack, 1)[0];
    }

    private static void assertRefused(Trial trial, Villain villain, int n, byte[] command) {
        trial.expect(REFUSED, 1);
        assertEquals(NetControl.ERR, command(villain, n, command));
    }

    private static byte[] bytes(int... values) {
        byte[] bytes = new byte[values.length];
        for (int i = 0; i < values.length; i++) {
            bytes[i] = (byte) values[i];
        }
        return bytes;
    }

    @Test
    void J01_aLoopBreaksTheControlQueueAndNoOther(Trial trial) {
        Villain villain = trial.commander(COMMANDER);
        long buffer = villain.memory.readable(GOOD);
        villain.control().descriptor(0, buffer, GOOD.length, NEXT, 1);
        villain.control().descriptor(1, buffer, GOOD.length, NEXT, 0);
        villain.control().offer(0);
        trial.expect("rings.broken", 1);
        villain.control().awaitBroken();
        villain.sendGood(0);
    }

    @ParameterizedTest
    @ValueSource(ints = {16, 0xffff})
    void J01_aHeadOrNextOutOfTheTableBreaksTheControlQueue(int index, Trial trial) {
        Villain villain = trial.commander(COMMANDER);
        villain.control().descriptor(0, villain.memory.readable(GOOD), GOOD.length, NEXT, index);
        villain.control().offer(0);
        trial.expect("rings.broken", 1);
        villain.control().awaitBroken();
        villain.frontEnd.getVringBase(villain.control().index);
        villain.control().clear();
        villain.start(villain.control());
        trial.expect("rings.broken", 1);
        villain.control().offer(index);
        villain.control().awaitBroken();
    }

    @Test
    void J01_commandsMayLieInAnIndirectTableAndABadOneBreaksTheQueue(Trial trial) {
        Villain villain = trial.commander(COMMANDER);
        long ack = villain.memory.writable(1);
        long table = villain.table(
                new long[] {villain.memory.readable(GOOD), GOOD.length, NEXT, 1}, new long[] {ack, 1, WRITE, 0});
        villain.control().descriptor(0, table, 32, INDIRECT, 0);
        villain.control().offer(0);
        villain.control().awaitUsed(1);
        assertEquals(NetControl.OK, villain.memory.read(ack, 1)[0]);
        villain.control().descriptor(1, table, 31, INDIRECT, 0);
        villain.control().offer(1);
        trial.expect("rings.broken", 1);
        villain.control().awaitBroken();
    }

    @Test
    void J02_indexesWrapBetweenCommands(Trial trial) {
        Villain villain = trial.commander(COMMANDER.withBaseIndex(0xfff0));
        for (int n = 0; n < 40; n++) {
            assertEquals(NetControl.OK, command(villain, n, GOOD));
        }
    }

    @Test
    void J03_aCommandMayBeCutIntoBytes(Trial trial) {
        Villain villain = trial.commander(COMMANDER);
        long command = villain.memory.readable(GOOD);
        long ack = villain.memory.writable(1);
        for (int i = 0; i < GOOD.length; i++) {
            villain.control().descriptor(i, command + i, 1, NEXT, i + 1);
        }
        villain.control().descriptor(GOOD.length, ack, 1, WRITE, 0);
        villain.control().offer(0);
        villain.control().awaitUsed(1);
        villain.control().assertUsed(0, 0, 1);
        assertEquals(NetControl.OK, villain.memory.read(ack, 1)[0]);
    }

    @Test
    void J03_withoutAPlaceForTheAckNothingIsDone(Trial trial) {
        Villain villain = trial.commander(COMMANDER);
        villain.control().descriptor(0, villain.memory.readable(GOOD), GOOD.length, 0, 0);
        villain.control().offer(0);
        villain.control().awaitUsed(1);
        villain.control().assertUsed(0, 0, 0);
        trial.expect(BAD, 1);
        // Data behind the ack is no order at all.
        villain.control().descriptor(1, villain.memory.writable(1), 1, WRITE | NEXT, 2);
        villain.control().descriptor(2, villain.memory.readable(GOOD), GOOD.length, 0, 0);
        villain.control().offer(1);
        villain.control().awaitUsed(2);
        villain.control().assertUsed(1, 1, 0);
        trial.expect(BAD, 1);
        // Nor is an ack where nothing is.
        villain.control().descriptor(3, villain.memory.readable(GOOD), GOOD.length, NEXT, 4);
        villain.control().descriptor(4, 0xdead_0000_0000L, 1, WRITE, 0);
        villain.control().offer(3);
        villain.control().awaitUsed(3);
        villain.control().assertUsed(2, 3, 0);
        trial.expect(BAD, 1);
        assertEquals(NetControl.OK, command(villain, 3, GOOD));
    }

    @Test
    void J03_ofTwoPlacesForAcksTheFirstIsWritten(Trial trial) {
        Villain villain = trial.commander(COMMANDER);
        long ack = villain.memory.writable(1);
        long more = villain.memory.readable(bytes(UNTOUCHED));
        villain.control().descriptor(0, villain.memory.readable(GOOD), GOOD.length, NEXT, 1);
        villain.control().descriptor(1, ack, 1, WRITE | NEXT, 2);
        villain.control().descriptor(2, more, 1, WRITE, 0);
        villain.control().offer(0);
        villain.control().awaitUsed(1);
        villain.control().assertUsed(0, 0, 1);
        assertEquals(NetControl.OK, villain.memory.read(ack, 1)[0]);
        assertEquals(UNTOUCHED, villain.memory.read(more, 1)[0]);
    }

    @Test
    void J03_aCommandThatIsCutIsRefused(Trial trial) {
        Villain villain = trial.commander(COMMANDER);
        trial.expect(BAD, 1);
        assertEquals(NetControl.ERR, command(villain, 0, bytes(NetControl.VLAN)));
        assertRefused(trial, villain, 1, bytes(NetControl.VLAN, NetControl.VLAN_ADD));
        assertRefused(trial, villain, 2, bytes(NetControl.VLAN, NetControl.VLAN_ADD, 5));
        assertRefused(trial, villain, 3, bytes(NetControl.VLAN, NetControl.VLAN_ADD, 5, 0, 0));
        assertRefused(trial, villain, 4, bytes(NetControl.RX, NetControl.RX_PROMISC));
        assertRefused(trial, villain, 5, bytes(NetControl.RX, NetControl.RX_PROMISC, 2));
    }

    @Test
    void J04_whatIsUnknownOrWasNotAgreedOnIsRefused(Trial trial) {
        Villain villain = trial.commander(COMMANDER.without(VirtioFeature.NET_CTRL_RX));
        assertRefused(trial, villain, 0, bytes(99, 0, 0));
        assertRefused(trial, villain, 1, bytes(255, 255));
        assertRefused(trial, villain, 2, bytes(NetControl.VLAN, 2, 5, 0));
        assertRefused(trial, villain, 3, bytes(NetControl.RX, NetControl.RX_PROMISC, 1));
        assertRefused(trial, villain, 4, bytes(NetControl.MQ, NetControl.MQ_VQ_PAIRS_SET, 1, 0));
        assertRefused(trial, villain, 5, bytes(NetControl.STATS, NetControl.STATS_QUERY));
    }

    private static byte[] table(int count, int present, int groups) {
        ByteBuffer bytes = ByteBuffer.allocate(2 + 4 + 6 * present + 4).order(ByteOrder.LITTLE_ENDIAN);
        bytes.put((byte) NetControl.MAC).put((byte) NetControl.MAC_TABLE_SET).putInt(count);
        bytes.position(bytes.position() + 6 * present);
        bytes.putInt(groups);
        return bytes.array();
    }

    @Test
    void J05_tablesThatAreLongerThanTheirCommandAreRefused(Trial trial) {
        Villain villain = trial.commander(COMMANDER);
        assertRefused(trial, villain, 0, table(-1, 2, 0));
        assertRefused(trial, villain, 1, table(0x2aaa_aaab, 2, 0)); // six times this is 2 in 32 bits
        assertRefused(trial, villain, 2, table(3, 2, 0));
        assertRefused(trial, villain, 3, table(2, 2, 1));
        assertRefused(trial, villain, 4, table(2, 2, -1));
        assertEquals(NetControl.OK, command(villain, 5, table(2, 2, 0)));
        assertRefused(trial, villain, 6, new byte[8192]);
        trial.expect(BAD, 2);
        assertEquals(NetControl.ERR, command(villain, 7, new byte[8193]));
        assertEquals(NetControl.ERR, command(villain, 8, table(100_000, 100_000, 0)));
    }

    @ParameterizedTest
    @ValueSource(ints = {4095, 4096, 65535})
    void J06_thereIsNoSuchVlan(int vlan, Trial trial) {
        Villain villain = trial.commander(COMMANDER);
        for (int n = 0; n < 2; n++) {
            assertRefused(trial, villain, n, bytes(NetControl.VLAN, n, vlan, vlan >> 8));
        }
    }

    /** Mask of the table, pair of its first entry, pair for the rest, last queue to send on, length of the key. */
    @ParameterizedTest
    @CsvSource({
        "2,0,0,1,40",
        "0xffff,0,0,1,40",
        "0xff,0,0,1,40",
        "1,0xffff,0,1,40",
        "1,2,0,1,40",
        "1,0,2,1,40",
        "1,0,0x8000,1,40",
        "1,0,0,0,40",
        "1,0,0,3,40",
        "1,0,0,1,0",
        "1,0,0,1,41",
        "1,0,0,1,255"
    })
    void J07_steeringThatLeadsNowhereIsRefused(String mask, String entry, String rest, int last, int key, Trial trial) {
        Villain villain = trial.commander(MANY_QUEUES);
        int length = Math.min(Integer.decode(mask) + 1, 256);
        ByteBuffer bytes = ByteBuffer.allocate(2 + 8 + 2 * length + 3 + key).order(ByteOrder.LITTLE_ENDIAN);
        bytes.put((byte) NetControl.MQ).put((byte) NetControl.MQ_RSS_CONFIG).putInt(0x3f);
        bytes.putShort(Integer.decode(mask).shortValue())
                .putShort(Integer.decode(rest).shortValue())
                .putShort(Integer.decode(entry).shortValue());
        bytes.position(2 + 8 + 2 * length);
        bytes.putShort((short) last).put((byte) key);
        assertRefused(trial, villain, 0, bytes.array());
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 3, 0x8000, 0xffff})
    void J08_asManyQueuePairsAreNotThere(int pairs, Trial trial) {
        Villain villain = trial.commander(MANY_QUEUES);
        assertRefused(trial, villain, 0, bytes(NetControl.MQ, NetControl.MQ_VQ_PAIRS_SET, pairs, pairs >> 8));
        for (int n = 1; n < 20; n++) {
            byte[] some = bytes(NetControl.MQ, NetControl.MQ_VQ_PAIRS_SET, 1 + n % 2, 0);
            assertEquals(NetControl.OK, command(villain, n, some));
        }
    }

    @Test
    void J09_offloadsThatWereNotAgreedOnAreRefused(Trial trial) {
        Villain villain = trial.commander(COMMANDER);
        for (int n = 0; n < 3; n++) {
            byte[] mask = bytes(NetControl.GUEST_OFFLOADS, NetControl.GUEST_OFFLOADS_SET, 0, 0, 0, 0, 0, 0, 0, 0);
            mask[2 + 3 * n] = 2;
            assertRefused(trial, villain, n, mask);
        }
    }

    /** Tags of a frame as bytes in front of its type; the bystander's frames are not looked at for VLANs. */
    private static byte[] tagged(int tags, int byteLength) {
        byte[] frame = Frames.toAll(byteLength, 10);
        for (int i = 0; i < tags; i++) {
            frame[12 + 4 * i] = (byte) (tags - i == 2 ? 0x88 : 0x81);
            frame[13 + 4 * i] = (byte) (tags - i == 2 ? 0xa8 : 0x00);
        }
        return frame;
    }

    /** What is told is the option's 1,500 unless the front-end tells less; tags belong to the Ethernet header. */
    @ParameterizedTest
    @CsvSource({"0,1500,0", "0,1500,1", "600,600,0", "600,600,1", "600,600,2", "300,300,2"})
    void J10_noFrameAboveTheMtuIsPassedToADriverThatAgreedOnIt(int told, int mtu, int tags, Trial trial) {
        Villain villain = trial.villain(VillainOptions.SPLIT.with(VirtioFeature.NET_MTU));
        if (told != 0) {
            villain.frontEnd.getVringBase(0);
            villain.frontEnd.setMtu(told);
            villain.start(villain.receive());
        }
        int longest = 14 + 4 * tags + mtu;
        offerFrameBuffers(villain, 3);
        if (longest < 1518) {
            trial.yard().sendFromBystander(tagged(tags, longest + 1));
            trial.yard().sendFromBystander(tagged(tags, 1518));
            trial.expect("out.dropped.too-long", 2);
        }
        trial.yard().sendFromBystander(tagged(tags, longest));
        villain.receive().awaitUsed(1);
        villain.receive().assertUsed(0, 0, Frames.HEADER_BYTES + longest);
    }

    @Test
    void J10_aDriverThatDidNotAgreeOnAnMtuGetsAllFrames(Trial trial) {
        Villain villain = trial.villain(VillainOptions.SPLIT);
        offerFrameBuffers(villain, 1);
        trial.yard().sendFromBystander(Frames.toAll(1518, 10));
        villain.receive().awaitUsed(1);
        villain.receive().assertUsed(0, 0, Frames.HEADER_BYTES + 1518);
    }

    /** Nothing holds a driver to its own MTU; what its frames are held to is their receivers'. */
    @ParameterizedTest
    @ValueSource(ints = {1514, 1515, 1518, 1519, 9000})
    void J10_whatADriverSendsAboveItsMtuIsForThoseWhoTakeIt(int byteLength, Trial trial) {
        Villain villain = trial.villain(VillainOptions.SPLIT.with(VirtioFeature.NET_MTU));
        byte[] frame = Frames.toAll(byteLength, 10);
        villain.transmit().offerBuffer(0, villain.frameBuffer(frame), Frames.HEADER_BYTES + (long) byteLength, 0);
        trial.yard().awaitAtBystander(frame);
    }

    private static void offerFrameBuffers(Villain villain, int count) {
        for (int i = 0; i < count; i++) {
            villain.receive().offerBuffer(i, villain.memory.writable(2048), 2048, WRITE);
        }
    }

    @TempDir
    private Path folder;

    @Test
    void J11_theControlQueueBehindAllQueuePairsThatThereMayBe() {
        try (BackendProcess backend = BackendProcess.start(
                folder, "--port", BackendProcess.guestPort(folder, "most", "profile=generic", "queues=127"))) {
            GuestOptions options = GuestOptions.DEFAULTS
                    .withControlQueue()
                    .withQueuePairs(127)
                    .withQueues(QueueOptions.DEFAULTS.withRingSize(4));
            try (SimulatedGuest guest = SimulatedGuest.connect(backend.socket("most"), options)) {
                assertEquals(254, guest.driver().vrings().getLast().index());
            }
            backend.assertAlive();
            assertEquals(1, backend.counter("most", "commands.ok"));
        }
    }

    @Test
    void J12_aFloodOfCommandsHoldsUpNobody(Trial trial) {
        Villain villain = trial.commander(COMMANDER);
        VillainQueue control = villain.control();
        long ack = villain.memory.writable(1);
        int[] heads = new int[control.size() / 2];
        for (int i = 0; i < heads.length; i++) {
            control.descriptor(2 * i, villain.memory.readable(GOOD), GOOD.length, NEXT, 2 * i + 1);
            control.descriptor(2 * i + 1, ack, 1, WRITE, 0);
            heads[i] = 2 * i;
        }
        for (int done = 0; done < ROUNDS; done += heads.length) {
            control.offer(heads);
            control.awaitUsedAtLeast(done + heads.length);
        }
        trial.yard().awaitCanary();
        villain.sendGood(0);
    }

    /** Class F: the command is read once, whatever its driver makes of it meanwhile. */
    @Test
    void F07_aCommandThatChangesWhileItIsReadIsOneOrTheOther(Trial trial) {
        Villain villain = trial.commander(COMMANDER);
        VillainQueue control = villain.control();
        long command = villain.memory.readable(GOOD);
        long ack = villain.memory.writable(1);
        control.descriptor(0, command, GOOD.length, NEXT, 1);
        control.descriptor(1, ack, 1, WRITE, 0);
        long at = villain.ram.hostAddressOf(command);
        AtomicBoolean ending = new AtomicBoolean();
        Thread mutator = Thread.ofPlatform().start(() -> {
            for (int i = 0; !ending.get(); i++) {
                HostMemory.storeByte(at + (i & 3), (i & 4) == 0 ? GOOD[i & 3] : 0xff);
            }
        });
        try {
            for (int n = 0; n < ROUNDS; n++) {
                control.offer(0);
                control.awaitUsedAtLeast(n + 1);
                int answer = villain.memory.read(ack, 1)[0];
                assertTrue(answer == NetControl.OK || answer == NetControl.ERR, "ack " + answer);
            }
        } finally {
            ending.set(true);
            join(mutator);
        }
        villain.memory.forgetRanges();
        trial.allow("commands\\.refused");
    }

    private static void join(Thread thread) {
        try {
            thread.join();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new AssertionError("interrupted", e);
        }
    }
}
