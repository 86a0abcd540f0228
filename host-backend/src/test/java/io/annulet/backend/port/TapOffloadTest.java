package io.annulet.backend.port;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.annulet.backend.data.Link;
import io.annulet.backend.data.SentFrame;
import io.annulet.backend.data.SentFrame.Kind;
import io.annulet.backend.data.WireFrame;
import io.annulet.backend.offload.Offload;
import java.util.Arrays;
import java.util.Random;
import java.util.function.Predicate;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Frames with offloads through the kernel: what the left port leaves open comes to the right port as the kernel left it.
 *
 * <pre>
 *   left --- leftTap === bridge === rightTap --- right
 * </pre>
 */
@Tag("root")
@Timeout(120)
final class TapOffloadTest {

    private static final int USABLE = Offload.ALL & ~Offload.VALID;

    private final TestCounters counters = new TestCounters();
    private final Random random = new Random(System.nanoTime());
    private NetworkNamespace namespace;
    private SteppedWorker worker;
    private ScriptedPort left;
    private ScriptedPort right;
    private TapPort leftTap;
    private TapPort rightTap;

    @BeforeEach
    void connect() {
        NetworkNamespace.assumeAvailable();
        namespace = NetworkNamespace.create();
        worker = new SteppedWorker();
        namespace.addBridge("bridge");
        left = new ScriptedPort("left", counters.of("left"), USABLE);
        right = new ScriptedPort("right", counters.of("right"));
        leftTap = tap("left-tap");
        rightTap = tap("right-tap");
        worker.add(new Link(), left, leftTap);
        worker.add(new Link(), rightTap, right);
    }

    private TapPort tap(String name) {
        TapPort tap = TapPort.open(name, TapPortOptions.of(NetworkNamespace.addQuietTap(false)), counters.of(name));
        namespace.takeOnto("bridge", tap.interfaceName());
        return tap;
    }

    @AfterEach
    void close() {
        worker.close();
        leftTap.close();
        rightTap.close();
        left.close();
        right.close();
        namespace.close();
    }

    /** Without VLAN tags and rare headers: what any bridge carries. */
    private SentFrame frame(Predicate<SentFrame> wanted) {
        SentFrame frame = SentFrame.random(random, 64_000);
        while (!wanted.test(frame) || !frame.isBare()) {
            frame = SentFrame.random(random, 64_000);
        }
        return frame;
    }

    private void send(SentFrame sent, int frames) {
        int piece = sent.bytes.length / 3;
        left.send(sent.header, sent.bytes, 12, piece, piece);
        worker.stepUntil(() -> right.received.size() >= frames);
        worker.stepOften();
    }

    @Test
    void aLargeSegmentCrossesTheKernelInOnePieceAndIsNotCopiedOnTheWay() {
        right.accepted = Offload.ALL;
        SentFrame sent = frame(f -> f.kind == Kind.TCP_SEGMENTS && f.isLarge() && !f.ipv6 && f.bytes.length > 60_000);
        send(sent, 1);
        assertEquals(1, right.received.size());
        assertArrayEquals(sent.bytes, right.received.getFirst());
        byte[] header = right.receivedHeaders.getFirst();
        assertEquals(1, header[0], "NEEDS_CSUM");
        assertEquals(1, header[1] & 0x7f, "TCP over IPv4, with a congestion mark or not");
        assertArrayEquals(
                Arrays.copyOfRange(sent.header, 4, 10), Arrays.copyOfRange(header, 4, 10), "size and checksum");
        assertEquals(0, counters.get("left-tap", "copied.bytes"), "bytes copied toward the host");
        assertEquals(1, counters.get("left-tap", "offload.crossed"));
        assertEquals(1, counters.get("left-tap", "out.frames"));
    }

    @ParameterizedTest
    @EnumSource(names = {"TCP_SEGMENTS", "UDP_SEGMENTS", "CHECKSUM"})
    void whatTheKernelLeavesOpenIsFinishedForAPortThatDoesNotTakeIt(Kind kind) {
        assumeTrue(
                kind != Kind.UDP_SEGMENTS || (leftTap.accepts() & Offload.USO4) != 0,
                "this kernel knows no UDP segments");
        for (int i = 0; i < 10; i++) {
            SentFrame sent = frame(f -> f.kind == kind
                    && f.gsoSize <= 1400
                    && (kind == Kind.CHECKSUM ? f.bytes.length < 1500 : f.isLarge()));
            int parts = kind == Kind.CHECKSUM ? 1 : WireFrame.parts(sent);
            right.received.clear();
            send(sent, parts);
            if (kind == Kind.CHECKSUM) {
                WireFrame.checkCompleted(sent, right.received.getFirst());
            } else {
                WireFrame.checkParts(sent, right.received, false);
            }
        }
    }

    /** Kernels cut UFO themselves; what arrives are fragments. */
    @Test
    void theKernelFragmentsLongDatagrams() {
        right.accepted = Offload.ALL;
        SentFrame sent = frame(f -> f.kind == Kind.UDP_FRAGMENTS && f.isLarge() && !f.ipv6 && f.gsoSize % 8 == 0);
        int parts = WireFrame.parts(sent);
        send(sent, parts);
        assertTrue(parts > 1);
        WireFrame.checkParts(sent, right.received, false);
        // The kernel vouches for their checksums, and the guest may know.
        right.receivedHeaders.forEach(header -> assertEquals(2, header[0], "DATA_VALID"));
    }

    /** The kernel checks headers too: a frame that it refuses is counted, and nothing else happens. */
    @Test
    void p01WhatTheKernelRefusesIsCounted() {
        right.accepted = Offload.ALL;
        for (int i = 0; i < 200; i++) {
            SentFrame sent = SentFrame.random(random, 3_000);
            left.send(sent.header, sent.bytes);
            worker.stepOften();
        }
        assertEquals(200, counters.get("left-tap", "out.frames") + counters.get("left-tap", "out.dropped.refused"));
        assertTrue(counters.get("left-tap", "out.frames") > 100);
    }
}
