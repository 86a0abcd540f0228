package io.annulet.backend.data;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.annulet.backend.data.ArenaGuest.Received;
import io.annulet.backend.data.MatrixEnds.Kind;
import io.annulet.backend.offload.Offload;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * What becomes of every offload between every pair of kinds of port: the table in docs/OFFLOADS.md, made anew and compared.
 * With {@code -Dannulet.docs.write=true} it is written there instead.
 */
@Tag("root")
@Timeout(300)
class OffloadMatrixTest {

    private static final Path PAGE = Path.of("..", "docs", "OFFLOADS.md");
    private static final String BEGIN = "<!-- made by OffloadMatrixTest: begin -->\n";
    private static final String END = "<!-- end -->\n";

    /** What fits the usual MTU: what a kernel cuts on its way to a cable has to. */
    private static final int MOST_SEGMENT = 1_400;

    /** A column: what the sender leaves open. */
    private enum Asked {
        CSUM("csum", SentFrame.Kind.CHECKSUM, false, false),
        TSO4("tso4", SentFrame.Kind.TCP_SEGMENTS, false, false),
        TSO6("tso6", SentFrame.Kind.TCP_SEGMENTS, true, false),
        ECN4("tso4 ecn", SentFrame.Kind.TCP_SEGMENTS, false, true),
        ECN6("tso6 ecn", SentFrame.Kind.TCP_SEGMENTS, true, true),
        UFO4("ufo4", SentFrame.Kind.UDP_FRAGMENTS, false, false),
        UFO6("ufo6", SentFrame.Kind.UDP_FRAGMENTS, true, false),
        USO4("uso4", SentFrame.Kind.UDP_SEGMENTS, false, false),
        USO6("uso6", SentFrame.Kind.UDP_SEGMENTS, true, false);

        private final String label;
        private final SentFrame.Kind kind;
        private final boolean ipv6;
        private final boolean ecn;

        Asked(String label, SentFrame.Kind kind, boolean ipv6, boolean ecn) {
            this.label = label;
            this.kind = kind;
            this.ipv6 = ipv6;
            this.ecn = ecn;
        }

        boolean fits(SentFrame frame) {
            return frame.kind == kind
                    && (this == CSUM || (frame.isLarge() && frame.ipv6 == ipv6 && frame.ecn == ecn))
                    && frame.gsoSize <= MOST_SEGMENT
                    && frame.isBare();
        }

        int mostPayload() {
            return this == CSUM ? 1_300 : 20_000;
        }
    }

    private final Random random = new Random(11);

    @TempDir
    private Path folder;

    @Test
    void H16_whatBecomesOfEveryOffloadBetweenEveryPairOfPorts() throws IOException {
        try (MatrixEnds.Taps taps = MatrixEnds.Taps.open()) {
            assumeTrue(taps.knowUdpSegments(), "this kernel's taps know no UDP segments");
            StringBuilder table = new StringBuilder(
                    row("from", "to", Stream.of(Asked.values()).map(asked -> asked.label)));
            table.append(row("---", "---", Stream.of(Asked.values()).map(asked -> "---")));
            for (Kind from : Kind.values()) {
                for (Kind to : Kind.values()) {
                    List<String> cells = new ArrayList<>();
                    for (Asked asked : Asked.values()) {
                        cells.add(outcome(from, to, asked, taps));
                    }
                    table.append(row(from.label(), to.label(), cells.stream()));
                }
            }
            System.out.print(table);
            compare(table.toString());
        }
    }

    private static String row(String from, String to, Stream<String> cells) {
        return Stream.concat(Stream.of(from, to), cells).collect(Collectors.joining(" | ", "| ", " |\n"));
    }

    private static void compare(String table) throws IOException {
        String page = Files.readString(PAGE);
        int from = page.indexOf(BEGIN) + BEGIN.length();
        int to = page.indexOf(END);
        if (Boolean.getBoolean("annulet.docs.write")) {
            Files.writeString(PAGE, page.substring(0, from) + table + page.substring(to));
        } else {
            assertEquals(page.substring(from, to), table, "docs/OFFLOADS.md says otherwise");
        }
    }

    private SentFrame frame(Asked asked) {
        SentFrame frame = SentFrame.random(random, asked.mostPayload());
        while (!asked.fits(frame)) {
            frame = SentFrame.random(random, asked.mostPayload());
        }
        return frame;
    }

    private String outcome(Kind from, Kind to, Asked asked, MatrixEnds.Taps taps) throws IOException {
        SentFrame sent = frame(asked);
        String cell = from.label() + " to " + to.label() + ", " + asked.label;
        try (MatrixEnds ends = new MatrixEnds(from, to, taps, folder)) {
            ends.carry(sent);
            if (ends.counted(ends.source(), "in.dropped.bad-header") > 0) {
                return "refused";
            }
            String outcome = ends.counted(ends.destination(), "offload.crossed") > 0
                    ? "as it is"
                    : ends.counted(ends.destination(), "offload.checksummed") > 0
                            ? "summed"
                            : ends.counted(ends.destination(), "offload.segmented") > 0 ? "cut" : "finished";
            ArenaGuest guest = ends.guestAtTheEnd();
            if (guest != null && ends.isOriginal()) {
                check(sent, guest, outcome, cell);
            }
            return outcome;
        }
    }

    /** The guest has what was sent, and no header that it did not acknowledge. */
    private static void check(SentFrame sent, ArenaGuest guest, String outcome, String cell) {
        List<byte[]> frames = new ArrayList<>();
        for (Received next = guest.receive(); next != null; next = guest.receive()) {
            boolean takes = guest.shape.accepted() != Offload.NONE;
            assertEquals(outcome.equals("as it is") && takes ? 1 : 0, next.header[0], "flags, " + cell);
            frames.add(next.frame);
        }
        switch (outcome) {
            case "as it is" -> assertArrayEquals(sent.bytes, frames.getFirst(), cell);
            case "summed" -> WireFrame.checkCompleted(sent, frames.getFirst());
            case "cut" -> WireFrame.checkParts(sent, frames, false);
            default -> throw new AssertionError(outcome + ": " + cell);
        }
    }
}
