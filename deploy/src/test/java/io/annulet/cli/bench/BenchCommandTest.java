package io.annulet.cli.bench;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.annulet.cli.CommandFailure;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.List;
import org.junit.jupiter.api.Test;
import picocli.CommandLine;

/** What a user of {@code annulet bench} sees, with results that are given instead of measured. */
final class BenchCommandTest {

    private final StringWriter out = new StringWriter();
    private final StringWriter err = new StringWriter();

    /** Yields figures, or fails. */
    private record Given(List<Figure> figures, List<Target> targets) implements Comparison {
        @Override
        public List<Figure> measure() {
            if (figures.isEmpty()) {
                throw new CommandFailure("dpdk-testpmd is missing", "apt-get install dpdk-dev");
            }
            return figures;
        }
    }

    private static Comparison given(Figure... figures) {
        return new Given(List.of(figures), List.of());
    }

    private static Comparison rivalMissingFor(Target... targets) {
        return new Given(List.of(), List.of(targets));
    }

    @Test
    void everyFloorMetIsStatusZero() throws InterruptedException {
        assertEquals(0, run(List.of(), given(Figure.of(Target.FORWARD_SPLIT, 1.0, "just so"))));
        assertTrue(row("64 B, split rings").contains("| floor "), out::toString);
    }

    @Test
    void aMissedFloorIsStatusOne() throws InterruptedException {
        Comparison slow = given(Figure.of(Target.FORWARD_SPLIT, 0.99, ""), Figure.of(Target.START, 0.1, ""));
        assertEquals(1, run(List.of(), slow, rivalMissingFor(Target.ROUND_TRIP_P50)));
        assertTrue(row("64 B, split rings").contains("MISSED"), out::toString);
        assertTrue(row("start to ready").contains("| goal "), out::toString);
    }

    @Test
    void wrongFramesMissEveryFloorHoweverFastTheyCome() throws InterruptedException {
        assertEquals(1, run(List.of(), given(new Figure(Target.FORWARD_SPLIT, 9, "", "3 frames corrupted"))));
        assertTrue(row("64 B, split rings").contains("WRONG: 3 frames corrupted"), out::toString);
    }

    @Test
    void aMissingRivalIsToldWithItsRemedyAndTheRestIsMeasured() throws InterruptedException {
        Comparison rest = given(Figure.of(Target.IDLE_CPU, 0.1, ""));
        assertEquals(2, run(List.of(), rivalMissingFor(Target.FORWARD_SPLIT, Target.FORWARD_MIX), rest));
        for (String title : List.of("64 B, split rings", "IMIX")) {
            assertTrue(row(title).contains("not measured"), out::toString);
            assertTrue(row(title).contains("dpdk-testpmd is missing; apt-get install dpdk-dev"), out::toString);
        }
        assertTrue(row("CPU when idle").contains("| goal "), out::toString);
    }

    @Test
    void theTableTellsWhatItsFiguresDependOn() throws InterruptedException {
        run(List.of("--slices", "3"), given(Figure.of(Target.MEMORY, 90, "")));
        for (String fact : List.of("processor", "java", "flags", "commit", "load")) {
            assertTrue(out.toString().contains("* " + fact + ": "), out::toString);
        }
        assertTrue(out.toString().contains("* command: ./annulet bench --slices 3"), out::toString);
    }

    @Test
    void jsonIsOneObjectWithFloorsAndVerdicts() throws InterruptedException {
        int status = run(
                List.of("--json"), given(Figure.of(Target.START, 0.3, "x")), rivalMissingFor(Target.ROUND_TRIP_P999));
        assertEquals(2, status);
        assertEquals(1, out.toString().lines().count());
        for (String part : List.of(
                "\"figure\":\"start\"",
                "\"value\":0.3,\"floor\":0.5,\"goal\":0.25,\"more_is_better\":false,\"verdict\":\"floor\"",
                "\"value\":null",
                "\"ok\":false",
                "\"commit\":")) {
            assertTrue(out.toString().contains(part), () -> part + " in " + out);
        }
    }

    @Test
    void whatCannotBeDoneIsRefusedBeforeAnythingIsMeasured() {
        assertUsage("'speed'", "speed");
        assertUsage("--slices 0: 1 to", "--slices", "0", "startup");
        assertUsage("a processor each", "--front-end-cpu", "0", "startup");
        assertUsage("a slice has to last", "--slice", "0", "startup");
        assertUsage("load has to last", "--load", "0", "load");
    }

    @Test
    void aComparisonIsNamedInAnyCase() {
        CommandLine command = new CommandLine(new BenchCommand()).setCaseInsensitiveEnumValuesAllowed(true);
        command.parseArgs("forward", "LATENCY", "tso", "tap", "load", "idle", "startup");
        assertEquals(
                7,
                command.getParseResult()
                        .matchedPositionals()
                        .getFirst()
                        .stringValues()
                        .size());
    }

    @Test
    void floorsAndGoalsDontContradictEachOther() {
        for (Target target : Target.values()) {
            assertEquals(Verdict.GOAL, target.judge(target.goal()), target.name());
            assertFalse(target.judge(target.floor()) == Verdict.MISSED, target.name());
            assertEquals(Verdict.NOT_MEASURED, target.judge(Double.NaN), target.name());
        }
    }

    private void assertUsage(String expected, String... arguments) {
        err.getBuffer().setLength(0);
        int status = new CommandLine(new BenchCommand())
                .setCaseInsensitiveEnumValuesAllowed(true)
                .setErr(new PrintWriter(err, true))
                .execute(arguments);
        assertEquals(2, status);
        assertTrue(err.toString().contains(expected), err::toString);
    }

    private int run(List<String> arguments, Comparison... comparisons) throws InterruptedException {
        out.getBuffer().setLength(0);
        BenchCommand bench = new BenchCommand();
        CommandLine command = new CommandLine(bench).setOut(new PrintWriter(out, true));
        command.parseArgs(arguments.toArray(String[]::new));
        return bench.run(List.of(comparisons));
    }

    private String row(String title) {
        return out.toString()
                .lines()
                .filter(line -> line.startsWith("| " + title))
                .findFirst()
                .orElseThrow();
    }

    @Test
    void aRivalIsLookedForInThePath() {
        assertFalse(Dpdk.isInstalled("/nowhere:/neither"));
    }
}
