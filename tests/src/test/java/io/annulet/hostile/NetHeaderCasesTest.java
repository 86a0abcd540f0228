package io.annulet.hostile;

import static io.annulet.hostile.VillainQueue.NEXT;
import static io.annulet.hostile.VillainQueue.WRITE;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import io.annulet.guest.NetHeaderLayout;
import io.annulet.vhostuser.VirtioFeature;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Class H of the catalogue: virtio-net headers that ask for what cannot be, on the way through a whole back-end. */
@ExtendWith(Hostile.class)
@Timeout(120)
final class NetHeaderCasesTest {

    private static final VillainOptions ALL_OFFLOADS = VillainOptions.SPLIT.with(VirtioFeature.NET_CSUM
            | VirtioFeature.NET_HOST_TSO4
            | VirtioFeature.NET_HOST_TSO6
            | VirtioFeature.NET_HOST_ECN
            | VirtioFeature.NET_HOST_UFO
            | VirtioFeature.NET_HOST_USO);

    private static final VillainOptions LEGACY =
            VillainOptions.SPLIT.without(VirtioFeature.VERSION_1 | VirtioFeature.NET_MRG_RXBUF);

    private static final int NEEDS_CSUM = 1;
    private static final int TCPV4 = 1;
    private static final int UFO = 3;
    private static final int TCPV6 = 4;
    private static final int UDP_L4 = 5;
    private static final int ECN = 0x80;
    private static final int TCP = 6;
    private static final int UDP = 17;
    private static final int L4 = 34;
    private static final String BAD_HEADER = "in.dropped.bad-header";

    private static byte[] header(int flags, int type, int headerBytes, int size, int start, int offset) {
        return ByteBuffer.allocate(12)
                .order(ByteOrder.LITTLE_ENDIAN)
                .put((byte) flags)
                .put((byte) type)
                .putShort((short) headerBytes)
                .putShort((short) size)
                .putShort((short) start)
                .putShort((short) offset)
                .array();
    }

    /** IPv4 with a transport header, or less of it than there should be. */
    private static byte[] packet(int protocol, int byteLength) {
        ByteBuffer frame = ByteBuffer.allocate(Math.max(byteLength, 64))
                .put(Frames.toAll(14, protocol))
                .putShort(12, (short) 0x0800)
                .put(14, (byte) 0x45)
                .putShort(16, (short) (byteLength - 14))
                .put(22, (byte) 64)
                .put(23, (byte) protocol)
                .putInt(26, 0x0a00_0001)
                .putInt(30, 0x0a00_0002);
        if (protocol == TCP) {
            frame.put(L4 + 12, (byte) 0x50);
        } else {
            frame.putShort(L4 + 4, (short) (byteLength - L4));
        }
        return Arrays.copyOf(frame.array(), byteLength);
    }

    private static void send(Villain villain, byte[] header, byte[] frame) {
        villain.transmit()
                .offerBuffer(0, villain.memory.readable(Frames.behind(header, frame)), header.length + frame.length, 0);
    }

    private static void assertRefused(Trial trial, Villain villain) {
        trial.expect(BAD_HEADER, 1);
        villain.transmit().awaitUsed(1);
        villain.sendGood(1);
    }

    private static void isRefused(Trial trial, byte[] header, byte[] frame) {
        Villain villain = trial.villain(ALL_OFFLOADS);
        send(villain, header, frame);
        assertRefused(trial, villain);
    }

    private static void goesOn(Trial trial, byte[] header, byte[] frame) {
        Villain villain = trial.villain(ALL_OFFLOADS);
        send(villain, header, frame);
        villain.transmit().awaitUsed(1);
        villain.sendGood(1);
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 9, 10, 11, 12, 13, 25})
    void H01_aChainWithoutRoomForTheHeadersIsDropped(int byteLength, Trial trial) {
        Villain villain = trial.villain(ALL_OFFLOADS);
        villain.transmit().offerBuffer(0, villain.memory.readable(new byte[64]), byteLength, 0);
        trial.expect("in.dropped.too-short", 1);
        villain.transmit().awaitUsed(1);
    }

    /** What the header asks for is judged on all of it, in however many pieces it comes. */
    @Test
    void H02_aHeaderInTwelvePiecesIsJudgedAsAWhole(Trial trial) {
        Villain villain = trial.villain(ALL_OFFLOADS);
        byte[] frame = packet(TCP, 200);
        long at = villain.memory.readable(Frames.behind(header(NEEDS_CSUM, 0, 0, 0, 0xffff, 16), frame));
        for (int i = 0; i < 12; i++) {
            villain.transmit().descriptor(i, at + i, 1, NEXT, i + 1);
        }
        villain.transmit().descriptor(12, at + 12, frame.length, 0, 0);
        villain.transmit().offer(0);
        trial.expect(BAD_HEADER, 1);
        villain.transmit().awaitUsed(1);
    }

    @ParameterizedTest
    @CsvSource({"false, false, 10", "false, true, 12", "true, false, 12", "true, true, 12"})
    void H03_theHeaderIsAsLongAsTheFeaturesSay(boolean modern, boolean merges, int bytes, Trial trial) {
        VillainOptions options =
                LEGACY.with((modern ? VirtioFeature.VERSION_1 : 0) | (merges ? VirtioFeature.NET_MRG_RXBUF : 0));
        Villain villain = trial.villain(options);
        assertEquals(bytes, villain.headerBytes());
        villain.sendGood(0);
        villain.receive().offerBuffer(0, villain.memory.writable(512), 512, WRITE);
        trial.yard().sendFromBystander(Frames.toAll(100, 3));
        villain.receive().awaitUsed(1);
        villain.receive().assertUsed(0, 0, bytes + 100);
    }

    @ParameterizedTest
    @CsvSource({
        "65535, 0",
        "65535, 65535",
        "200, 0",
        "198, 16",
        "34, 65535",
        "0, 16",
        "0, 0",
        "13, 16",
        "14, 10",
        "34, 15",
        "35, 16",
        "60, 0"
    })
    void H04_aChecksumBelongsWhereTheTransportHasIt(int start, int offset, Trial trial) {
        isRefused(trial, header(NEEDS_CSUM, 0, 0, 0, start, offset), packet(TCP, 200));
    }

    @ParameterizedTest
    @ValueSource(ints = {14, 33, 34, 51})
    void H04_aFrameThatEndsBeforeItsChecksumIsRefused(int byteLength, Trial trial) {
        isRefused(trial, header(NEEDS_CSUM, 0, 0, 0, L4, 16), packet(TCP, byteLength));
    }

    @ParameterizedTest
    @CsvSource({"1, 0", "1, 65535", "1, 1", "3, 0", "3, 7", "3, 65535", "5, 0", "5, 1", "5, 65535"})
    void H05_segmentsOfNoUsableSizeAreRefused(int type, int size, Trial trial) {
        int protocol = type == TCPV4 ? TCP : UDP;
        isRefused(trial, header(NEEDS_CSUM, type, 54, size, L4, protocol == TCP ? 16 : 6), packet(protocol, 60_000));
    }

    @Test
    void H05_segmentsLongerThanTheFrameMakeItAPlainOne(Trial trial) {
        goesOn(trial, header(NEEDS_CSUM, TCPV4, 54, 60_000, L4, 16), packet(TCP, 1500));
    }

    @ParameterizedTest
    @ValueSource(ints = {2, 6, 7, 0x7f, ECN, ECN | UDP_L4, ECN | UFO, 0xff})
    void H06_typesThatThereAreNotAreRefused(int type, Trial trial) {
        isRefused(trial, header(NEEDS_CSUM, type, 54, 1460, L4, 16), packet(TCP, 9000));
    }

    @ParameterizedTest
    @ValueSource(ints = {TCPV4, UFO, TCPV6, UDP_L4, ECN | TCPV4})
    void H07_segmentationWithoutAChecksumToCompleteIsRefused(int type, Trial trial) {
        isRefused(trial, header(0, type, 54, 1460, L4, 16), packet(TCP, 9000));
    }

    @ParameterizedTest
    @CsvSource({"4, 6, 0x0800", "1, 17, 0x0800", "5, 6, 0x0800", "1, 6, 0x0806", "1, 6, 0x86dd", "1, 6, 0x8100"})
    void H08_aTypeThatIsNotTheFramesOwnIsRefused(int type, int protocol, String etherType, Trial trial) {
        byte[] frame = packet(protocol, 9000);
        ByteBuffer.wrap(frame).putShort(12, Integer.decode(etherType).shortValue());
        isRefused(trial, header(NEEDS_CSUM, type, 54, 1460, L4, protocol == TCP ? 16 : 6), frame);
    }

    /** hdr_len is a hint: nothing depends on it. */
    @ParameterizedTest
    @ValueSource(ints = {0, 1, 53, 54, 55, 65535})
    void H09_whatTheHeaderSaysOfItsLengthIsAHint(int headerBytes, Trial trial) {
        goesOn(trial, header(NEEDS_CSUM, TCPV4, headerBytes, 1460, L4, 16), packet(TCP, 9000));
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 2, 3, 4})
    void H09_headersShorterThanHeadersAreRefused(int words, Trial trial) {
        byte[] short4 = packet(TCP, 9000);
        short4[14] = (byte) (0x40 | words);
        Villain villain = trial.villain(ALL_OFFLOADS);
        send(villain, header(NEEDS_CSUM, TCPV4, 54, 1460, L4, 16), short4);
        byte[] shortTcp = packet(TCP, 9000);
        shortTcp[L4 + 12] = (byte) (words << 4);
        villain.transmit()
                .offerBuffer(
                        2,
                        villain.memory.readable(Frames.behind(header(NEEDS_CSUM, TCPV4, 54, 1460, L4, 16), shortTcp)),
                        9012,
                        0);
        trial.expect(BAD_HEADER, 2);
        villain.transmit().awaitUsed(2);
        villain.sendGood(1);
    }

    @Test
    void H10_aDatagramsChecksumIsAtItsPlaceAndItsPartsAreFew(Trial trial) {
        Villain villain = trial.villain(ALL_OFFLOADS);
        send(villain, header(NEEDS_CSUM, UDP_L4, 42, 1000, L4, 16), packet(UDP, 9000));
        villain.transmit()
                .offerBuffer(
                        1,
                        villain.memory.readable(
                                Frames.behind(header(NEEDS_CSUM, UDP_L4, 42, 10, L4, 6), packet(UDP, 9000))),
                        9012,
                        0);
        trial.expect(BAD_HEADER, 2);
        villain.transmit().awaitUsed(2);
        villain.sendGood(2);
    }

    @ParameterizedTest
    @ValueSource(ints = {0x20, 0x40, 0x60, 0x21, 0x41})
    void H11_tunnelsThatWereNotOfferedAreRefused(int type, Trial trial) {
        isRefused(trial, header(NEEDS_CSUM, type, 54, 1460, L4, 16), packet(TCP, 9000));
    }

    @ParameterizedTest
    @CsvSource({"0, 0, 200", "1, 0, 200", "1, 1, 9000", "0, 3, 9000"})
    void H12_whatWasNotAcknowledgedIsRefused(int flags, int type, int byteLength, Trial trial) {
        Villain villain = trial.villain(VillainOptions.SPLIT);
        byte[] frame = packet(TCP, byteLength);
        send(villain, header(flags, type, 54, type == 0 ? 0 : 1460, L4, 16), frame);
        if (flags == 0 && type == 0) {
            trial.yard().awaitAtBystander(frame);
        } else {
            assertRefused(trial, villain);
        }
    }

    /** DATA_VALID and RSC_INFO are a device's words, and what a driver leaves in other fields goes nowhere. */
    @ParameterizedTest
    @ValueSource(ints = {2, 4, 6, 0xfe})
    void H13_aDriverDoesNotVouchForItsFrames(int flags, Trial trial) {
        Villain villain = trial.villain(ALL_OFFLOADS.with(VirtioFeature.NET_GUEST_CSUM));
        byte[] frame = packet(TCP, 200);
        send(villain, header(flags, 0, 77, 88, 99, 111), frame);
        byte[] header = headerAtBystander(trial, frame);
        assertArrayEquals(new byte[10], Arrays.copyOf(header, 10));
    }

    @ParameterizedTest
    @ValueSource(ints = {2, 256, 65535})
    void H14_aNumberOfBuffersFromTheDriverIsIgnored(int number, Trial trial) {
        Villain villain = trial.villain(VillainOptions.SPLIT);
        byte[] frame = Frames.toAll(100, 14);
        byte[] header = new byte[12];
        ByteBuffer.wrap(header).order(ByteOrder.LITTLE_ENDIAN).putShort(NetHeaderLayout.NUM_BUFFERS, (short) number);
        send(villain, header, frame);
        assertEquals(1, headerAtBystander(trial, frame)[NetHeaderLayout.NUM_BUFFERS]);
    }

    private static byte[] headerAtBystander(Trial trial, byte[] frame) {
        return trial.yard().awaitAtBystander(frame);
    }
}
