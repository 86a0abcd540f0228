package io.annulet.backend.control;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.annulet.guest.DriverControlQueue;
import io.annulet.guest.GuestOptions;
import io.annulet.guest.SimulatedGuest;
import io.annulet.memory.HostMemory;
import io.annulet.vhostuser.NetControl;
import io.annulet.vhostuser.VirtioFeature;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.HexFormat;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Steering by hash, reported hashes, calls put off and statistics, by commands. VIRTIO 1.4, "Control Virtqueue". */
final class QueueCommandsSpecTest extends ControlTest {

    private static final byte[] KEY =
            HexFormat.of().parseHex("6d5a56da255b0ec24167253d43a38fb0d0ca2bcbae7b30b477cb2da38030f20c6a42b73bbeac01fa");
    private static final int UDPV4 = 4;
    private static final int FRAMES = 64;

    private SimulatedGuest guest;
    private SimulatedGuest sender;
    private DriverControlQueue control;

    @Override
    VhostUserOptions options(String name) {
        return super.options(name).withGenericProfile(DeviceConfig.UNSAID);
    }

    @BeforeEach
    void openGuests() {
        GuestEndpoint other = backend.open(super.options("sender"));
        sender = SimulatedGuest.connect(other.options().socket(), GuestOptions.DEFAULTS);
        GuestOptions options = GuestOptions.DEFAULTS.withControlQueue().withQueuePairs(QUEUE_PAIRS);
        guest = SimulatedGuest.connect(
                endpoint.options().socket(), options.withFeatures(options.features() | GuestOptions.QUEUE_FEATURES));
        DriverControlQueue agreed = guest.driver().controlQueue();
        if (agreed == null) {
            throw new AssertionError("no control queue was agreed on");
        }
        control = agreed;
    }

    @AfterEach
    void closeGuests() {
        guest.close();
        sender.close();
    }

    /** UDP from a port that tells the frame's number. */
    private static byte[] frame(int number) {
        ByteBuffer frame = ByteBuffer.allocate(60);
        frame.putShort((short) 0xffff).putInt(-1).putShort((short) 0x5254).putInt(1);
        frame.putShort((short) 0x0800).put((byte) 0x45).put((byte) 0).putShort((short) 46);
        frame.putInt(0).put((byte) 64).put((byte) 17).putShort((short) 0);
        frame.putInt(0x0a000001).putInt(0x0a000002);
        frame.putShort((short) (1000 + number)).putShort((short) 7).putShort((short) 26);
        return frame.array();
    }

    /** The definition, bit by bit. */
    private static int toeplitz(byte[] input) {
        int hash = 0;
        for (int i = 0; i < input.length * 8; i++) {
            if ((input[i / 8] & (0x80 >> (i % 8))) != 0) {
                long window = 0;
                for (int k = 0; k < 5; k++) {
                    window = (window << 8) | (KEY[i / 8 + k] & 0xff);
                }
                hash ^= (int) (window >> (8 - i % 8));
            }
        }
        return hash;
    }

    private static int hashOf(byte[] frame) {
        byte[] input = new byte[12];
        System.arraycopy(frame, 26, input, 0, 12);
        return toeplitz(input);
    }

    /** A hash over UDP and IPv4, as the header of a frame tells it. */
    private static long reportOf(int hash) {
        return (hash & 0xffffffffL) | (3L << 32);
    }

    private static byte[] bytes(ByteBuffer written) {
        byte[] bytes = new byte[written.capacity()];
        written.get(0, bytes);
        return bytes;
    }

    private static ByteBuffer data(int byteLength) {
        return ByteBuffer.allocate(byteLength).order(ByteOrder.LITTLE_ENDIAN);
    }

    private int steer(int types, int[] table, int otherwise, int lastToSendOn, byte[] key) {
        ByteBuffer data = data(4 + 4 + 2 * table.length + 2 + 1 + key.length);
        data.putInt(types).putShort((short) (table.length - 1)).putShort((short) otherwise);
        for (int pair : table) {
            data.putShort((short) pair);
        }
        data.putShort((short) lastToSendOn).put((byte) key.length).put(key);
        return control.command(NetControl.MQ, NetControl.MQ_RSS_CONFIG, bytes(data));
    }

    private void send(int count) {
        for (int i = 0; i < count; i++) {
            assertTrue(sender.transmitQueue(0).send(frame(i)));
            sender.transmitQueue(0).flush();
        }
    }

    @Test
    void framesGoToTheQueueThatTheTableHasForTheirHash() {
        assertEquals(NetControl.OK, steer(UDPV4, new int[] {0, 1, 1, 0}, 1, 2, KEY));
        send(FRAMES);
        int[] pairOf = {0, 1, 1, 0};
        int[] got = new int[2];
        int[] wrong = new int[1];
        TestBackend.await("all frames", () -> {
            for (int pair = 0; pair < 2; pair++) {
                int here = pair;
                guest.receiveQueue(pair)
                        .receive(
                                frame -> {
                                    int hash = hashOf(frame.toByteArray());
                                    wrong[0] += pairOf[hash & 3] == here ? 0 : 1;
                                    wrong[0] +=
                                            HostMemory.loadLong(frame.headerAddress() + 12) == reportOf(hash) ? 0 : 1;
                                    got[here]++;
                                },
                                FRAMES);
            }
            return got[0] + got[1] == FRAMES;
        });
        assertEquals(0, wrong[0]);
        assertTrue(got[0] > 0 && got[1] > 0, got[0] + " and " + got[1]);
    }

    @Test
    void framesWithoutHashGoToTheQueueForThose() {
        assertEquals(NetControl.OK, steer(0, new int[] {0}, 1, 1, new byte[0]));
        send(4);
        TestBackend.await(
                "all frames",
                () -> guest.receiveQueue(1).receive(frame -> {}, 1) == 0
                        && guest.receiveQueue(1).receivedFrames() == 4);
        assertEquals(NetControl.OK, control.command16(NetControl.MQ, NetControl.MQ_VQ_PAIRS_SET, 1));
        send(4);
        TestBackend.await(
                "all frames",
                () -> guest.receiveQueue(0).receive(frame -> {}, 1) == 0
                        && guest.receiveQueue(0).receivedFrames() == 4);
    }

    @ParameterizedTest
    @CsvSource({"0x40", "0x1ff", "-1"})
    void j07HashTypesThatAreNotOfferedAreRefused(String types) {
        assertEquals(NetControl.ERR, steer(Long.decode(types).intValue(), new int[] {0}, 0, 1, KEY));
    }

    @Test
    void j07TablesThatDoNotFitAreRefused() {
        assertEquals(NetControl.ERR, steer(UDPV4, new int[3], 0, 1, KEY));
        assertEquals(NetControl.ERR, steer(UDPV4, new int[256], 0, 1, KEY));
        assertEquals(NetControl.OK, steer(UDPV4, new int[128], 0, 1, KEY));
        assertEquals(NetControl.ERR, steer(UDPV4, new int[] {0, 2}, 0, 1, KEY));
        assertEquals(NetControl.ERR, steer(UDPV4, new int[] {0, 0xffff}, 0, 1, KEY));
        assertEquals(NetControl.ERR, steer(UDPV4, new int[] {0}, 2, 1, KEY));
        assertEquals(NetControl.ERR, steer(UDPV4, new int[] {0}, 0x8000, 1, KEY));
        assertEquals(NetControl.ERR, steer(UDPV4, new int[] {0}, 0, 0, KEY));
        assertEquals(NetControl.ERR, steer(UDPV4, new int[] {0}, 0, 3, KEY));
    }

    @Test
    void j07KeysThatDoNotFitAreRefused() {
        assertEquals(NetControl.ERR, steer(UDPV4, new int[] {0}, 0, 1, new byte[0]));
        assertEquals(NetControl.ERR, steer(UDPV4, new int[] {0}, 0, 1, new byte[41]));
        assertEquals(NetControl.ERR, steer(UDPV4, new int[] {0}, 0, 1, new byte[255]));
        byte[] cut = bytes(data(4 + 4 + 2 + 2 + 1 + 7)
                .putInt(UDPV4)
                .putInt(0)
                .putShort((short) 0)
                .putShort((short) 1)
                .put((byte) 40));
        assertEquals(NetControl.ERR, control.command(NetControl.MQ, NetControl.MQ_RSS_CONFIG, cut));
    }

    @Test
    void hashesAreReportedWithoutSteeringToo() {
        ByteBuffer data = data(4 + 8 + 1 + KEY.length);
        data.putInt(UDPV4).putLong(0).put((byte) KEY.length).put(KEY);
        assertEquals(NetControl.OK, control.command(NetControl.MQ, NetControl.MQ_HASH_CONFIG, bytes(data)));
        send(1);
        long[] reported = new long[1];
        TestBackend.await(
                "the frame",
                () -> guest.receiveQueue(0)
                                        .receive(
                                                frame -> reported[0] = HostMemory.loadLong(frame.headerAddress() + 12),
                                                1)
                                + guest.receiveQueue(1)
                                        .receive(
                                                frame -> reported[0] = HostMemory.loadLong(frame.headerAddress() + 12),
                                                1)
                        == 1);
        assertEquals(reportOf(hashOf(frame(0))), reported[0]);
    }

    @Test
    void callsArePutOffAsTheDriverSays() {
        byte[] some = bytes(data(8).putInt(16).putInt(100));
        assertEquals(NetControl.OK, control.command(NetControl.NOTF_COAL, NetControl.NOTF_COAL_RX_SET, some));
        assertArrayEquals(coalescing(0, 16, 100), getCoalescing(0));
        assertArrayEquals(coalescing(2, 16, 100), getCoalescing(2));
        assertArrayEquals(coalescing(1, 0, 0), getCoalescing(1));
        byte[] one = bytes(data(12).putInt(3).putInt(7).putInt(9));
        assertEquals(NetControl.OK, control.command(NetControl.NOTF_COAL, NetControl.NOTF_COAL_VQ_SET, one));
        assertArrayEquals(coalescing(3, 7, 9), getCoalescing(3));
        assertArrayEquals(coalescing(1, 0, 0), getCoalescing(1));
        byte[] tooLong = bytes(data(8).putInt(16).putInt(2_000_000));
        assertEquals(NetControl.ERR, control.command(NetControl.NOTF_COAL, NetControl.NOTF_COAL_TX_SET, tooLong));
        byte[] nowhere = bytes(data(12).putInt(4).putInt(7).putInt(9));
        assertEquals(NetControl.ERR, control.command(NetControl.NOTF_COAL, NetControl.NOTF_COAL_VQ_SET, nowhere));
    }

    private static byte[] coalescing(int queue, int frames, int micros) {
        return bytes(
                data(13).put((byte) NetControl.OK).putInt(queue).putInt(frames).putInt(micros));
    }

    private byte[] getCoalescing(int queue) {
        byte[] question = bytes(data(12).putInt(queue));
        return control.ask(NetControl.NOTF_COAL, NetControl.NOTF_COAL_VQ_GET, question, 64);
    }

    @Test
    void anAnswerThatDoesNotFitIsRefused() {
        byte[] question = bytes(data(12).putInt(0));
        assertArrayEquals(
                new byte[] {NetControl.ERR},
                control.ask(NetControl.NOTF_COAL, NetControl.NOTF_COAL_VQ_GET, question, 12));
    }

    @Test
    void queuesTellWhatTheyHaveCounted() {
        byte[] kinds = control.ask(NetControl.STATS, NetControl.STATS_QUERY, new byte[0], 64);
        assertEquals(1L | (1L << 16) | (1L << 32), answer(kinds).getLong());
        assertEquals(NetControl.OK, steer(0, new int[] {0}, 1, 1, new byte[0]));
        send(5);
        TestBackend.await(
                "all frames",
                () -> guest.receiveQueue(1).receive(frame -> {}, 1) == 0
                        && guest.receiveQueue(1).receivedFrames() == 5);
        ByteBuffer question = data(48);
        question.putLong(2).putLong(1);
        question.putLong(1).putLong(1L << 16);
        question.putLong(4).putLong(1L << 32);
        ByteBuffer told = answer(control.ask(NetControl.STATS, NetControl.STATS_GET, bytes(question), 4096));
        assertEquals(56 + 56 + 24, told.remaining());
        assertEquals(0x0038_0000_0002_0000L, told.getLong());
        told.getLong();
        assertEquals(5, told.getLong());
        assertEquals(5 * 60, told.getLong());
        told.position(56);
        assertEquals(0x0038_0000_0001_0010L, told.getLong());
        told.position(56 + 56);
        assertEquals(0x0018_0000_0004_0020L, told.getLong());
        assertEquals(3, told.getLong(), "pairs, kinds and steering");
        assertEquals(3, told.getLong());
    }

    private static ByteBuffer answer(byte[] bytes) {
        assertEquals(NetControl.OK, bytes[0]);
        return ByteBuffer.wrap(bytes, 1, bytes.length - 1).slice().order(ByteOrder.LITTLE_ENDIAN);
    }

    @Test
    void statisticsOfOtherQueuesAndKindsAreRefused() {
        for (long[] request : new long[][] {{5, 1}, {0, 2}, {0, 0}, {0, 1L << 16}, {1, 1}, {4, 1}, {0xffff, 1}}) {
            byte[] question = bytes(data(16).putLong(request[0]).putLong(request[1]));
            assertEquals(NetControl.ERR, control.command(NetControl.STATS, NetControl.STATS_GET, question));
        }
        assertEquals(NetControl.ERR, control.command(NetControl.STATS, NetControl.STATS_GET, new byte[17]));
        assertEquals(NetControl.ERR, control.command(NetControl.STATS, NetControl.STATS_GET));
        assertEquals(NetControl.ERR, control.command(NetControl.STATS, NetControl.STATS_GET, new byte[16 * 6]));
    }

    @Test
    void headersAreAsLongAsWasAgreedOn() {
        assertTrue((guest.features() & VirtioFeature.NET_HASH_REPORT) != 0);
        assertEquals(20, guest.receiveQueue(0).headerByteLength());
        assertTrue(guest.transmitQueue(0).send(frame(3)));
        guest.transmitQueue(0).flush();
        byte[][] got = new byte[1][];
        TestBackend.await(
                "the frame", () -> sender.receiveQueue(0).receive(frame -> got[0] = frame.toByteArray(), 1) == 1);
        assertArrayEquals(frame(3), got[0]);
    }
}
