package io.annulet.backend.data;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.annulet.backend.data.SentFrame.Kind;
import io.annulet.backend.offload.Offload;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

/**
 * A million random frames through the finisher, to a port that takes random offloads, against a model that puts parts
 * together again and recomputes checksums. {@code -Dannulet.offload.frames=N} for another number, {@code
 * -Dannulet.offload.seed=N} for the same frames again.
 */
class OffloadModelTest {

    private static final int FRAMES = Integer.getInteger("annulet.offload.frames", 1_000_000);
    private static final long SEED = Long.getLong("annulet.offload.seed", System.nanoTime());
    private static final int MOST_IN_BURST = 12;

    private final Random random = new Random(SEED);
    private final SentBurst from = new SentBurst(random, MOST_IN_BURST);
    private final CollectingPort to = new CollectingPort();
    private final OffloadFinisher finisher = new OffloadFinisher();

    @Test
    void H15_whatArrivesIsWhatWasSentHoweverItIsCut() {
        System.out.printf("%d random frames, annulet.offload.seed=%d%n", FRAMES, SEED);
        int done = 0;
        int round = 0;
        while (done < FRAMES) {
            int count = 1 + random.nextInt(MOST_IN_BURST);
            List<SentFrame> sent = new ArrayList<>();
            int maxPayload = round % 50 == 0 ? 65_535 - 400 : 3_000;
            for (int i = 0; i < count; i++) {
                sent.add(SentFrame.random(random, maxPayload));
            }
            to.accepts = random.nextInt(4) == 0 ? Offload.ALL : someOffloads();
            send(sent);
            String where = "seed " + SEED + ", burst " + round;
            try {
                check(sent);
            } catch (AssertionError e) {
                throw new AssertionError(
                        where + ", port takes " + Offload.names(to.accepts) + ": " + e.getMessage(), e);
            }
            done += count;
            round++;
        }
    }

    @Test
    void aWrongChecksumOfAFrameThatIsMarkedAsCheckedIsFound() {
        int found = 0;
        for (int i = 0; i < 2_000; i++) {
            SentFrame sent = SentFrame.random(random, 3_000);
            if (sent.kind != Kind.VALID) {
                continue;
            }
            boolean routed = sent.ipv6 && sent.isRouted();
            from.fill(List.of(sent));
            assertTrue(from.burst.hasRightChecksum(0), "seed " + SEED);
            sent.bytes[sent.bytes.length - 1] ^= 1;
            from.fill(List.of(sent));
            assertEquals(routed, from.burst.hasRightChecksum(0), "seed " + SEED);
            found++;
        }
        assertTrue(found > 100);
    }

    /** Any set of offloads that a guest may have acknowledged. */
    private int someOffloads() {
        if (random.nextInt(3) == 0) {
            return Offload.NONE;
        }
        int mask = Offload.CHECKSUM | Offload.VALID | random.nextInt(Offload.ALL + 1);
        return (mask & (Offload.TSO4 | Offload.TSO6)) == 0 ? mask & ~Offload.ECN : mask;
    }

    private void send(List<SentFrame> sent) {
        to.frames.clear();
        to.headers.clear();
        finisher.push(to, from.burst, from.fill(sent));
    }

    private void check(List<SentFrame> sent) {
        int next = 0;
        for (SentFrame frame : sent) {
            next += check(frame, next);
        }
        assertEquals(to.frames.size(), next, "frames that arrived");
    }

    /** Checks what one frame became, from {@code next} on; returns how many frames that is. */
    private int check(SentFrame sent, int next) {
        int needed = needed(sent);
        byte[] header = to.headers.get(next);
        byte[] frame = to.frames.get(next);
        if ((needed & ~to.accepts) == 0) {
            assertArrayEquals(sent.bytes, frame, sent.kind + " that crosses as it is");
            assertArrayEquals(expectedHeader(sent, needed), header, "header of " + sent.kind);
            return 1;
        }
        if (!sent.isLarge()) {
            assertArrayEquals(plainHeader(), header, "header of " + sent.kind);
            if (sent.kind == Kind.VALID) {
                assertArrayEquals(sent.bytes, frame);
            } else {
                WireFrame.checkCompleted(sent, frame);
            }
            return 1;
        }
        boolean partial = sent.kind != Kind.UDP_FRAGMENTS && (to.accepts & Offload.CHECKSUM) != 0;
        int parts = WireFrame.parts(sent);
        for (int i = next; i < next + parts; i++) {
            byte[] expected = partial ? checksumHeader(sent) : plainHeader();
            assertArrayEquals(expected, to.headers.get(i), "header of a part of " + sent.kind);
        }
        WireFrame.checkParts(sent, to.frames.subList(next, next + parts), partial);
        return parts;
    }

    private static int needed(SentFrame sent) {
        if (sent.kind == Kind.PLAIN) {
            return Offload.NONE;
        }
        if (sent.kind == Kind.VALID) {
            return Offload.VALID;
        }
        if (!sent.isLarge()) {
            return Offload.CHECKSUM;
        }
        return Offload.CHECKSUM
                | switch (sent.kind) {
                    case TCP_SEGMENTS -> (sent.ipv6 ? Offload.TSO6 : Offload.TSO4) | (sent.ecn ? Offload.ECN : 0);
                    case UDP_SEGMENTS -> sent.ipv6 ? Offload.USO6 : Offload.USO4;
                    default -> Offload.UFO;
                };
    }

    private static byte[] plainHeader() {
        return new byte[] {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0};
    }

    private static byte[] checksumHeader(SentFrame sent) {
        byte[] header = plainHeader();
        header[0] = 1;
        header[6] = (byte) sent.l4;
        header[8] = (byte) (sent.tcp ? 16 : 6);
        return header;
    }

    private static byte[] expectedHeader(SentFrame sent, int needed) {
        if (needed == Offload.NONE || needed == Offload.VALID) {
            byte[] header = plainHeader();
            header[0] = (byte) (needed == Offload.VALID ? 2 : 0);
            return header;
        }
        byte[] header = checksumHeader(sent);
        if (needed != Offload.CHECKSUM) {
            int type = sent.header[1] & 0x7f;
            header[1] = (byte) (type | ((needed & Offload.ECN) != 0 ? 0x80 : 0));
            header[2] = (byte) sent.payloadAt;
            header[4] = sent.header[4];
            header[5] = sent.header[5];
        }
        return header;
    }
}
