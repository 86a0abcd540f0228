package io.annulet.backend.data;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.annulet.backend.offload.Offload;
import io.annulet.backend.stats.DropReason;
import io.annulet.memory.HostMemory;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.Random;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Headers that lie about checksums and segmentation: case H of the hostile peers. All are refused, or made harmless. */
class HostileOffloadTest {

    private static final int NEEDS_CSUM = 1;
    private static final int TCPV4 = 1;
    private static final int UFO = 3;
    private static final int TCPV6 = 4;
    private static final int UDP_L4 = 5;
    private static final int ECN = 0x80;

    private static final int ETHERNET = 14;
    private static final int IPV4_TCP = ETHERNET + 20;
    private static final int IPV6_TCP = ETHERNET + 40;

    private final FrameBurst burst = new FrameBurst(256);
    private final MemorySegment memory = Arena.ofAuto().allocate(70_000, 64);

    /** Flags, type and fields of a header; the rest of the sender's buffer. */
    private static byte[] header(int flags, int type, int headerLength, int size, int start, int offset) {
        return ByteBuffer.allocate(12)
                .order(ByteOrder.LITTLE_ENDIAN)
                .put((byte) flags)
                .put((byte) type)
                .putShort((short) headerLength)
                .putShort((short) size)
                .putShort((short) start)
                .putShort((short) offset)
                .array();
    }

    private static byte[] ipv4(int protocol, int byteLength) {
        ByteBuffer frame = ByteBuffer.allocate(byteLength);
        frame.putShort(12, (short) 0x0800)
                .put(14, (byte) 0x45)
                .putShort(16, (short) (byteLength - ETHERNET))
                .put(23, (byte) protocol);
        if (protocol == SentFrame.TCP) {
            frame.put(IPV4_TCP + 12, (byte) 0x50);
        }
        return frame.array();
    }

    private static byte[] ipv6(int next, int byteLength) {
        ByteBuffer frame = ByteBuffer.allocate(byteLength);
        frame.putShort(12, (short) 0x86dd).put(14, (byte) 0x60).put(20, (byte) next);
        if (next == SentFrame.TCP) {
            frame.put(IPV6_TCP + 12, (byte) 0x50);
        }
        return frame.array();
    }

    /** What becomes of a frame whose sender may use everything: null if it goes on. */
    private @Nullable DropReason judge(byte[] header, byte[] frame) {
        return judge(header, frame, Offload.ALL & ~Offload.VALID);
    }

    private @Nullable DropReason judge(byte[] header, byte[] frame, int allowed) {
        byte[] whole = new byte[header.length + frame.length];
        System.arraycopy(header, 0, whole, 0, header.length);
        System.arraycopy(frame, 0, whole, header.length, frame.length);
        long at = HostMemory.addressOf(memory);
        HostMemory.copyIn(MemorySegment.ofArray(whole), at);
        burst.clear();
        burst.chains().addOwn(0, at, whole.length);
        burst.snapshot(0, header.length, allowed);
        return burst.drop(0);
    }

    private void refused(byte[] header, byte[] frame) {
        assertEquals(DropReason.BAD_HEADER, judge(header, frame));
        assertArrayEquals(plain(), goesOn(), "nothing of a refused header is left");
        assertEquals(Offload.NONE, burst.offloads());
    }

    private byte[] goesOn() {
        return HostMemory.copyOut(burst.snapshotAddress(0), NetHeader.BYTES);
    }

    private static byte[] plain() {
        return new byte[] {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0};
    }

    @ParameterizedTest
    @CsvSource({
        "65535, 0",
        "65535, 65535",
        "1514, 16",
        "1498, 16",
        "1497, 16",
        "34, 65535",
        "0, 16",
        "0, 0",
        "13, 16",
        "14, 10",
        "14, 16",
        "33, 16",
        "34, 0",
        "34, 2",
        "34, 15",
        "34, 17",
        "35, 16",
        "54, 16",
        "60, 0"
    })
    void h04RefusesAChecksumAnywhereButWhereItBelongs(int start, int offset) {
        refused(header(NEEDS_CSUM, 0, 0, 0, start, offset), ipv4(SentFrame.TCP, 1514));
    }

    @ParameterizedTest
    @ValueSource(ints = {14, 15, 33, 34, 51, 52, 53})
    void h04RefusesAChecksumInAFrameThatEndsBeforeIt(int byteLength) {
        byte[] cut = new byte[byteLength];
        System.arraycopy(ipv4(SentFrame.TCP, 60), 0, cut, 0, byteLength);
        refused(header(NEEDS_CSUM, 0, 0, 0, IPV4_TCP, 16), cut);
    }

    @Test
    void h04LetsTheChecksumOfAnInnerPacketPassButNotThatOfDecidedHeaders() {
        byte[] tunnel = ipv4(SentFrame.UDP, 300);
        assertNull(judge(header(NEEDS_CSUM, 0, 0, 0, IPV4_TCP + 8 + 8 + 14 + 20, 16), tunnel));
        refused(header(NEEDS_CSUM, 0, 0, 0, IPV4_TCP + 7, 16), tunnel);
        refused(header(NEEDS_CSUM, 0, 0, 0, 280, 16), tunnel);
        byte[] ping = ipv4(1, 300);
        assertNull(judge(header(NEEDS_CSUM, 0, 0, 0, IPV4_TCP, 2), ping));
        refused(header(NEEDS_CSUM, 0, 0, 0, IPV4_TCP + 20, 2), ping);
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 0xffff})
    void h05RefusesSegmentsOfNoSizeAndOfTheReservedOne(int size) {
        refused(header(NEEDS_CSUM, TCPV4, 54, size, IPV4_TCP, 16), ipv4(SentFrame.TCP, 60_000));
        refused(header(NEEDS_CSUM, UDP_L4, 42, size, IPV4_TCP, 6), ipv4(SentFrame.UDP, 60_000));
        refused(header(NEEDS_CSUM, UFO, 42, size, IPV4_TCP, 6), ipv4(SentFrame.UDP, 60_000));
    }

    @Test
    void h05RefusesToMakeTensOfThousandsOfFramesOutOfOne() {
        refused(header(NEEDS_CSUM, TCPV4, 54, 1, IPV4_TCP, 16), ipv4(SentFrame.TCP, 60_000));
        assertNull(judge(header(NEEDS_CSUM, TCPV4, 54, 1, IPV4_TCP, 16), ipv4(SentFrame.TCP, 1_000)));
        refused(header(NEEDS_CSUM, UFO, 42, 7, IPV4_TCP, 6), ipv4(SentFrame.UDP, 1_000));
        refused(header(NEEDS_CSUM, UFO, 42, 8, IPV4_TCP, 6), ipv4(SentFrame.UDP, 60_000));
    }

    @Test
    void h05TakesAFrameThatFitsOneSegmentForWhatItIs() {
        assertNull(judge(header(NEEDS_CSUM, TCPV4, 54, 65_000, IPV4_TCP, 16), ipv4(SentFrame.TCP, 1_514)));
        assertEquals(Offload.CHECKSUM, burst.offloads(0));
        assertArrayEquals(new byte[] {1, 0, 0, 0, 0, 0, IPV4_TCP, 0, 16, 0, 1, 0}, goesOn());
    }

    @Test
    void h05RefusesAPacketThatIsLongerThanAPacketCanBe() {
        refused(header(NEEDS_CSUM, TCPV4, 54, 1460, IPV4_TCP, 16), ipv4(SentFrame.TCP, ETHERNET + 65_536));
        refused(header(NEEDS_CSUM, UFO, 42, 1480, IPV4_TCP, 6), ipv4(SentFrame.UDP, ETHERNET + 65_536));
        assertNull(judge(header(NEEDS_CSUM, UFO, 42, 1480, IPV4_TCP, 6), ipv4(SentFrame.UDP, ETHERNET + 65_535)));
    }

    @ParameterizedTest
    @ValueSource(ints = {2, 6, 7, 0x7f, ECN, ECN | UDP_L4, ECN | UFO, 0x20 | TCPV4, 0x40 | TCPV4, 0xff})
    void h06RefusesTypesThatThereAreNot(int type) {
        refused(header(NEEDS_CSUM, type, 54, 1460, IPV4_TCP, 16), ipv4(SentFrame.TCP, 9_000));
        refused(header(NEEDS_CSUM, type, 42, 1460, IPV4_TCP, 6), ipv4(SentFrame.UDP, 9_000));
    }

    @ParameterizedTest
    @ValueSource(ints = {TCPV4, UFO, TCPV6, UDP_L4, ECN | TCPV4})
    void h07RefusesSegmentationWithoutAChecksumToComplete(int type) {
        refused(header(0, type, 54, 1460, IPV4_TCP, 16), ipv4(SentFrame.TCP, 9_000));
    }

    @Test
    void h08RefusesATypeThatIsNotTheFramesOwn() {
        byte[] tcp4 = ipv4(SentFrame.TCP, 9_000);
        byte[] tcp6 = ipv6(SentFrame.TCP, 9_000);
        byte[] udp4 = ipv4(SentFrame.UDP, 9_000);
        byte[] arp = ipv4(SentFrame.TCP, 9_000);
        arp[13] = 6;
        refused(header(NEEDS_CSUM, TCPV6, 54, 1460, IPV4_TCP, 16), tcp4);
        refused(header(NEEDS_CSUM, TCPV4, 74, 1440, IPV6_TCP, 16), tcp6);
        refused(header(NEEDS_CSUM, TCPV4, 54, 1460, IPV4_TCP, 16), udp4);
        refused(header(NEEDS_CSUM, TCPV4, 42, 1460, IPV4_TCP, 6), udp4);
        refused(header(NEEDS_CSUM, UDP_L4, 54, 1460, IPV4_TCP, 16), tcp4);
        refused(header(NEEDS_CSUM, TCPV4, 54, 1460, IPV4_TCP, 16), arp);
        refused(header(NEEDS_CSUM, 0, 0, 0, IPV4_TCP, 16), arp);
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 53, 55, 9_001, 65_535})
    void h09RecomputesTheHeaderLength(int claimed) {
        assertNull(judge(header(NEEDS_CSUM, TCPV4, claimed, 1460, IPV4_TCP, 16), ipv4(SentFrame.TCP, 9_000)));
        assertArrayEquals(
                new byte[] {1, TCPV4, 54, 0, (byte) (1460 & 0xff), 1460 >> 8, IPV4_TCP, 0, 16, 0, 1, 0}, goesOn());
    }

    @Test
    void h09RefusesTcpAndIpHeadersOfImpossibleLength() {
        for (int words = 0; words < 16; words++) {
            byte[] frame = ipv4(SentFrame.TCP, 9_000);
            frame[IPV4_TCP + 12] = (byte) (words << 4);
            assertEquals(
                    words < 5 ? DropReason.BAD_HEADER : null,
                    judge(header(NEEDS_CSUM, TCPV4, 54, 1460, IPV4_TCP, 16), frame),
                    "TCP header of " + words + " words");
            byte[] ip = ipv4(SentFrame.TCP, 9_000);
            ip[ETHERNET] = (byte) (0x40 | words);
            ip[ETHERNET + 4 * words + 12] |= 0x50;
            int start = ETHERNET + 4 * words;
            assertEquals(
                    words < 5 ? DropReason.BAD_HEADER : null,
                    judge(header(NEEDS_CSUM, TCPV4, 54, 1460, start, 16), ip),
                    "IP header of " + words + " words");
        }
    }

    @Test
    void h09RefusesFragmentsCutExtensionsAndTooManyTags() {
        byte[] fragment = ipv4(SentFrame.TCP, 9_000);
        fragment[ETHERNET + 6] = 0x20;
        refused(header(NEEDS_CSUM, TCPV4, 54, 1460, IPV4_TCP, 16), fragment);
        refused(header(NEEDS_CSUM, 0, 0, 0, IPV4_TCP, 16), fragment);
        byte[] extensions = ipv6(0, 300);
        extensions[IPV6_TCP + 1] = 60;
        refused(header(NEEDS_CSUM, 0, 0, 0, IPV6_TCP + 8, 16), extensions);
        byte[] fragment6 = ipv6(44, 9_000);
        refused(header(NEEDS_CSUM, TCPV6, 54, 1440, IPV6_TCP + 8, 16), fragment6);
        ByteBuffer tags = ByteBuffer.allocate(9_000);
        tags.putShort(12, (short) 0x8100).putShort(16, (short) 0x8100).putShort(20, (short) 0x8100);
        tags.putShort(24, (short) 0x0800).put(26, (byte) 0x45).put(35, (byte) 6);
        refused(header(NEEDS_CSUM, 0, 0, 0, 46, 16), tags.array());
    }

    /** Any first bytes, any header: never an error, and what goes on is either refused or within the frame. */
    @Test
    void h09SurvivesRandomBytes() {
        long seed = System.nanoTime();
        Random random = new Random(seed);
        OffloadFinisher finisher = new OffloadFinisher();
        CollectingPort to = new CollectingPort();
        FrameList list = new FrameList();
        int accepted = 0;
        for (int i = 0; i < 200_000; i++) {
            int length = 80 + random.nextInt(400);
            byte[] frame = (i & 1) == 0
                    ? ipv4(random.nextBoolean() ? SentFrame.TCP : SentFrame.UDP, length)
                    : ipv6(random.nextInt(70), length);
            for (int j = 0; j < 3; j++) {
                frame[12 + random.nextInt(Math.min(frame.length - 12, 60))] = (byte) random.nextInt();
            }
            byte[] header = header(
                    1,
                    random.nextInt(8),
                    random.nextInt(100),
                    random.nextInt(50),
                    14 + random.nextInt(90),
                    random.nextBoolean() ? 16 : 6);
            byte[] cut = Arrays.copyOf(frame, random.nextInt(10) == 0 ? 14 + random.nextInt(length - 14) : length);
            if (judge(header, cut) == null) {
                accepted++;
                list.clear();
                list.add(0);
                finisher.push(to, burst, list);
            }
        }
        assertTrue(to.frames.size() >= accepted);
        assertTrue(accepted > 100, "the noise is near enough to the truth, seed " + seed);
    }

    @Test
    void h10RefusesUdpSegmentsWithAWrongChecksumPlaceOrTooMany() {
        refused(header(NEEDS_CSUM, UDP_L4, 42, 1472, IPV4_TCP, 16), ipv4(SentFrame.UDP, 9_000));
        int payload = 128 * 100;
        assertNull(
                judge(header(NEEDS_CSUM, UDP_L4, 42, 100, IPV4_TCP, 6), ipv4(SentFrame.UDP, IPV4_TCP + 8 + payload)));
        refused(header(NEEDS_CSUM, UDP_L4, 42, 100, IPV4_TCP, 6), ipv4(SentFrame.UDP, IPV4_TCP + 8 + payload + 1));
    }

    @ParameterizedTest
    @CsvSource({"1, 4", "4, 8", "5, 64", "5, 128", "3, 32", "129, 16"})
    void h12RefusesWhatWasNotAcknowledged(int type, int kind) {
        boolean v6 = type == TCPV6 || kind == Offload.USO6;
        int protocol = (type & ~ECN) == TCPV4 || type == TCPV6 ? SentFrame.TCP : SentFrame.UDP;
        byte[] frame = v6 ? ipv6(protocol, 9_000) : ipv4(protocol, 9_000);
        int start = v6 ? IPV6_TCP : IPV4_TCP;
        byte[] header = header(NEEDS_CSUM, type, 0, 1400, start, protocol == SentFrame.TCP ? 16 : 6);
        assertNull(judge(header, frame, Offload.ALL));
        assertEquals(DropReason.BAD_HEADER, judge(header, frame, Offload.ALL & ~kind));
        assertEquals(DropReason.BAD_HEADER, judge(header, frame, Offload.ALL & ~Offload.CHECKSUM));
    }

    @Test
    void h13ClearsWhatADriverMayNotSay() {
        byte[] frame = ipv4(SentFrame.TCP, 100);
        assertNull(judge(header(2 | 4 | 8 | 0x70, 0, 7, 7, 7, 7), frame));
        assertArrayEquals(plain(), goesOn());
        assertNull(judge(header(NEEDS_CSUM | 2 | 4, 0, 7, 7, IPV4_TCP, 16), frame));
        assertArrayEquals(new byte[] {1, 0, 0, 0, 0, 0, IPV4_TCP, 0, 16, 0, 1, 0}, goesOn());
    }

    @Test
    void h14IgnoresTheNumberOfBuffersOfASender() {
        byte[] header = header(NEEDS_CSUM, 0, 0, 0, IPV4_TCP, 16);
        header[10] = 77;
        assertNull(judge(header, ipv4(SentFrame.TCP, 100)));
        assertEquals(1, goesOn()[10]);
    }
}
