package io.annulet.backend.data;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.management.ThreadMXBean;
import io.annulet.backend.data.ArenaGuest.Received;
import io.annulet.backend.data.ArenaGuest.Shape;
import io.annulet.backend.data.SentFrame.Kind;
import io.annulet.backend.offload.Offload;
import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.function.Predicate;
import org.agrona.concurrent.status.CountersManager;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Frames with offloads between guests, one worker stepped by hand: what crosses as it is, and what is finished. */
class OffloadForwardingTest {

    private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    private static final int ROUNDS = 5_000;
    private static final Shape ALL = Shape.USUAL.withOffloads(Offload.ALL & ~Offload.VALID, Offload.ALL);
    private static final Shape SENDS = Shape.USUAL.withOffloads(Offload.ALL & ~Offload.VALID, Offload.NONE);

    private final CountersManager counters = ArenaGuest.newCounters();
    private final Worker worker = new Worker("worker", 1024);
    private final List<ArenaGuest> guests = new ArrayList<>();
    private final Random random = new Random(4);

    private ArenaGuest add(Forwarder domain, String name, Shape shape) {
        ArenaGuest guest = new ArenaGuest(name, counters, shape);
        worker.onAddPort(guest.port, domain);
        guest.open();
        guests.add(guest);
        return guest;
    }

    @BeforeEach
    void start() {
        worker.onStart();
    }

    @AfterEach
    void stop() {
        worker.onClose();
        guests.forEach(ArenaGuest::close);
    }

    private void step() {
        for (int i = 0; i < 8; i++) {
            worker.doWork();
        }
    }

    private SentFrame frame(Predicate<SentFrame> wanted) {
        SentFrame frame = SentFrame.random(random, 60_000);
        while (!wanted.test(frame)) {
            frame = SentFrame.random(random, 60_000);
        }
        return frame;
    }

    private static byte[] whole(SentFrame sent, int headerBytes) {
        byte[] whole = new byte[headerBytes + sent.bytes.length];
        System.arraycopy(sent.header, 0, whole, 0, headerBytes);
        System.arraycopy(sent.bytes, 0, whole, headerBytes, sent.bytes.length);
        return whole;
    }

    private static int buffersForParts(SentFrame sent) {
        return WireFrame.parts(sent) * (1 + sent.gsoSize / 1800);
    }

    private static Received received(ArenaGuest guest) {
        Received frame = guest.receive();
        assertNotNull(frame, "no frame arrived");
        return frame;
    }

    private static List<byte[]> allReceived(ArenaGuest guest) {
        List<byte[]> frames = new ArrayList<>();
        for (Received next = guest.receive(); next != null; next = guest.receive()) {
            assertArrayEquals(new byte[9], Arrays.copyOf(next.header, 9), "a plain header");
            frames.add(next.frame);
        }
        return frames;
    }

    @Test
    void aSegmentOf64KiBCrossesInOneCopy() {
        Link link = new Link();
        ArenaGuest a = add(link, "a", ALL);
        ArenaGuest b = add(link, "b", ALL);
        b.offerReceiveBuffers(64);
        SentFrame sent = frame(f -> f.kind == Kind.TCP_SEGMENTS && f.bytes.length > 55_000 && f.isLarge());
        a.sendRaw(whole(sent, 12), 12, 200);
        step();
        Received received = received(b);
        assertArrayEquals(sent.bytes, received.frame);
        assertEquals(1, received.header[0]);
        assertEquals(sent.header[1] & 0x7f, received.header[1] & 0x7f);
        assertEquals(sent.bytes.length, b.counter("copied.bytes"), "each byte is copied once");
        assertEquals(1, b.counter("offload.crossed"));
        assertEquals(0, b.counter("offload.segmented"));
    }

    @ParameterizedTest
    @EnumSource(names = {"TCP_SEGMENTS", "UDP_SEGMENTS", "UDP_FRAGMENTS"})
    void aLargeFrameIsCutForAGuestThatDoesNotTakeIt(Kind kind) {
        Link link = new Link();
        ArenaGuest a = add(link, "a", ALL);
        ArenaGuest b = add(link, "b", SENDS);
        for (int i = 0; i < 20; i++) {
            SentFrame sent = frame(f -> f.kind == kind && f.isLarge());
            b.offerReceiveBuffers(buffersForParts(sent));
            a.sendRaw(whole(sent, 12));
            step();
            List<byte[]> parts = allReceived(b);
            assertEquals(WireFrame.parts(sent), parts.size());
            WireFrame.checkParts(sent, parts, false);
        }
        assertEquals(20, b.counter("offload.segmented"));
        assertEquals(b.counter("out.frames"), b.counter("offload.segments"));
        assertEquals(b.counter("out.bytes"), b.counter("copied.bytes"), "cutting costs no copy");
        assertEquals(20, a.counter("in.forwarded"));
    }

    @Test
    void aChecksumIsCompletedForAGuestThatDoesNotTakeItOpen() {
        Link link = new Link();
        ArenaGuest a = add(link, "a", new Shape(256, 10, false, false, 2048, Offload.CHECKSUM, Offload.NONE));
        ArenaGuest b = add(link, "b", new Shape(256, 10, false, false, 66_000));
        b.offerReceiveBuffers(4);
        SentFrame sent = frame(f -> f.kind == Kind.CHECKSUM);
        a.sendRaw(whole(sent, 10));
        step();
        WireFrame.checkCompleted(sent, allReceived(b).getFirst());
        assertEquals(1, b.counter("offload.checksummed"));
    }

    /** A switch sends one frame to guests that take different things; none sees what was done for another. */
    @Test
    void eachDestinationGetsWhatItTakes() {
        Switch all = new Switch();
        ArenaGuest a = add(all, "a", ALL);
        ArenaGuest plain = add(all, "plain", SENDS);
        ArenaGuest takes = add(all, "takes", ALL);
        ArenaGuest open = add(all, "open", Shape.USUAL.withOffloads(Offload.NONE, Offload.CHECKSUM | Offload.VALID));
        for (int i = 0; i < 20; i++) {
            SentFrame sent = frame(f -> f.isLarge() && f.bytes.length > 200);
            plain.offerReceiveBuffers(buffersForParts(sent));
            takes.offerReceiveBuffers(1 + sent.bytes.length / 2000);
            open.offerReceiveBuffers(buffersForParts(sent));
            a.sendRaw(whole(sent, 12), 30, 5, 100);
            step();
            WireFrame.checkParts(sent, allReceived(plain), false);
            assertArrayEquals(sent.bytes, received(takes).frame);
            List<byte[]> parts = new ArrayList<>();
            boolean partial = sent.kind != Kind.UDP_FRAGMENTS;
            for (Received next = open.receive(); next != null; next = open.receive()) {
                assertEquals(partial ? 1 : 0, next.header[0], "flags");
                assertEquals(0, next.header[1], "gso_type");
                parts.add(next.frame);
            }
            WireFrame.checkParts(sent, parts, partial);
        }
    }

    /** 65,535 bytes of MTU, an Ethernet header and two VLAN tags. */
    @Test
    void theLongestFrameCrosses() {
        Link link = new Link();
        ArenaGuest a = add(link, "a", ALL);
        ArenaGuest b = add(link, "b", Shape.USUAL);
        b.offerReceiveBuffers(40);
        byte[] longest = ArenaGuest.frame(1, 2, FrameBurst.MAX_FRAME_BYTES);
        a.send(longest);
        step();
        assertArrayEquals(longest, received(b).frame);
    }

    /** Nobody checks the checksum of a frame that crosses with it open, so what arrives has to be right by itself. */
    @ParameterizedTest
    @ValueSource(ints = {1_536, 2_048, 4_096})
    void framesArriveWholeOrNotAtAllHoweverFewBuffersThereAre(int bufferBytes) {
        for (int round = 0; round < 15; round++) {
            Link link = new Link();
            String name = "of-" + bufferBytes + "-" + round;
            ArenaGuest a = add(link, "a" + name, ALL);
            ArenaGuest b =
                    add(link, "b" + name, new Shape(256, 12, true, false, bufferBytes, Offload.NONE, Offload.ALL));
            List<byte[]> sent = new ArrayList<>();
            List<byte[]> received = new ArrayList<>();
            int bytes = 0;
            int offered = 0;
            while (bytes < 3 << 20 && (offered + 60) * (bufferBytes + 64) < 3 << 20) {
                int buffers = Math.min(random.nextInt(60), 256 - b.receive.outstanding());
                b.offerReceiveBuffers(buffers);
                offered += buffers;
                for (int i = random.nextInt(6); i > 0; i--) {
                    SentFrame frame = frame(f -> f.bytes.length > 2_000);
                    a.sendRaw(whole(frame, 12), 12, random.nextInt(1_000));
                    sent.add(frame.bytes);
                    bytes += frame.bytes.length;
                }
                step();
                for (Received next = b.receive(); next != null; next = b.receive()) {
                    received.add(next.frame);
                }
            }
            assertSubsequence(received, sent);
            assertTrue(received.size() > 3, received.size() + " frames of " + sent.size());
        }
    }

    private static void assertSubsequence(List<byte[]> some, List<byte[]> all) {
        int next = 0;
        for (byte[] frame : some) {
            while (next < all.size() && !Arrays.equals(all.get(next), frame)) {
                next++;
            }
            assertTrue(
                    next < all.size(), "a frame of " + frame.length + " bytes that was not sent, or not in this order");
            next++;
        }
    }

    @Test
    void framesKeepTheirOrderWhenSomeAreFinished() {
        Link link = new Link();
        ArenaGuest a = add(link, "a", ALL);
        ArenaGuest b = add(link, "b", SENDS);
        b.offerReceiveBuffers(200);
        SentFrame large = frame(f -> f.isLarge() && WireFrame.parts(f) < 50);
        byte[] before = ArenaGuest.frame(1, 2, 100);
        byte[] after = ArenaGuest.frame(1, 2, 1000);
        a.send(before);
        a.sendRaw(whole(large, 12));
        a.send(after);
        step();
        List<byte[]> frames = allReceived(b);
        assertArrayEquals(before, frames.getFirst());
        assertArrayEquals(after, frames.getLast());
        WireFrame.checkParts(large, frames.subList(1, frames.size() - 1), false);
    }

    @Test
    void aLargeFrameForAGuestWithoutQueuesIsNotWorkedOn() {
        Link link = new Link();
        ArenaGuest a = add(link, "a", ALL);
        ArenaGuest b = add(link, "b", SENDS);
        b.port.onEnableQueue(0, false);
        a.sendRaw(whole(frame(SentFrame::isLarge), 12));
        step();
        assertNull(b.receive());
        assertEquals(1, b.counter("out.dropped.not-ready"));
    }

    @Test
    void finishingAllocatesNothing() {
        CollectingPort to = new CollectingPort();
        to.keeps = false;
        OffloadFinisher finisher = new OffloadFinisher();
        SentBurst source = new SentBurst(random, 3);
        FrameList list = source.fill(List.of(
                frame(f -> f.kind == Kind.TCP_SEGMENTS && f.isLarge()),
                frame(f -> f.kind == Kind.UDP_FRAGMENTS && f.isLarge()),
                frame(f -> f.kind == Kind.CHECKSUM)));
        for (int i = 0; i < ROUNDS; i++) {
            finisher.push(to, source.burst, list);
        }
        long frames = to.count;
        long before = THREADS.getCurrentThreadAllocatedBytes();
        for (int i = 0; i < ROUNDS; i++) {
            finisher.push(to, source.burst, list);
        }
        long allocated = THREADS.getCurrentThreadAllocatedBytes() - before;
        assertTrue(allocated < ROUNDS, allocated + " bytes for " + (to.count - frames) + " frames");
    }
}
