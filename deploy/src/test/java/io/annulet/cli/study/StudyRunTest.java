package io.annulet.cli.study;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.annulet.cli.CommandFailure;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;
import picocli.CommandLine.Command;

@Timeout(value = 60, unit = TimeUnit.SECONDS)
final class StudyRunTest {

    /** Six points, and a warm-up with three rounds. */
    private static final int ALL = 6 * 4;

    @TempDir
    private Path folder;

    private final StringWriter out = new StringWriter();
    private final StringWriter err = new StringWriter();
    private final FakeStudy study = new FakeStudy();

    @Command
    private static final class Nothing {}

    private int run(boolean resume, @Nullable Path compare, boolean json) throws IOException, InterruptedException {
        CommandLine streams =
                new CommandLine(new Nothing()).setOut(new PrintWriter(out)).setErr(new PrintWriter(err));
        return new StudyRun(study, folder, 1, false, streams).run(resume, compare, json);
    }

    @Test
    void visitsEachPointInEachRoundAndWritesAllFiles() throws Exception {
        assertEquals(0, run(false, null, true));
        assertEquals(ALL, study.measured.size());
        assertEquals(6, new HashSet<>(study.measured.subList(6, 12)).size());
        for (String file : List.of("report.html", "size.svg", "size.png", "points.csv", "summary.json")) {
            assertTrue(Files.size(folder.resolve(file)) > 0, file);
        }
        String summary = Files.readString(folder.resolve("summary.json"));
        assertTrue(summary.startsWith("{\"study\":\"fake\""), summary);
        assertTrue(summary.contains("\"complete\":true"), summary);
        assertEquals(summary.strip(), out.toString().strip());
        assertTrue(err.toString().contains("24 of 24 measurements done"), err::toString);
    }

    @Test
    void aPointMayBeTimedLessOftenThanOthers() throws Exception {
        study.roundsOfLargest = 1;
        assertEquals(0, run(false, null, true));
        assertEquals(ALL - 2 * 2, study.measured.size());
        Point largest = Point.of("kind", "a", "size", 4);
        assertEquals(
                2,
                study.measured.stream()
                        .filter(visit -> visit.endsWith(largest.toString()))
                        .count());
    }

    @Test
    void whatBreaksEndsTheRunWithALineAndWhatWasLearnt() throws Exception {
        study.breaksAfter = 11;
        CommandFailure failure = assertThrows(CommandFailure.class, () -> run(false, null, false));
        assertTrue(
                String.valueOf(failure.getMessage())
                        .startsWith("the sweep ended after 11 of 24 measurements, at kind "),
                failure::getMessage);
        assertTrue(String.valueOf(failure.getMessage()).endsWith(": it broke"), failure::getMessage);
        assertTrue(Files.readString(folder.resolve("report.html")).contains("This run is not complete"));
        assertEquals(11 + 2, Files.readAllLines(folder.resolve("points.csv")).size());
    }

    @Test
    void resumesWhereItWasCutShort() throws Exception {
        study.breaksAfter = 11;
        assertThrows(CommandFailure.class, () -> run(false, null, false));
        // A crash in the middle of a line.
        Path csv = folder.resolve("points.csv");
        String text = Files.readString(csv);
        Files.writeString(csv, text.substring(0, text.length() - 4));
        study.breaksAfter = Integer.MAX_VALUE;
        study.measured.clear();
        assertEquals(0, run(true, null, false));
        assertEquals(ALL - 10, study.measured.size());
        List<Sample> samples = SampleFile.read(csv, study);
        assertEquals(ALL, samples.size());
        assertEquals(
                ALL,
                new HashSet<>(samples.stream()
                                .map(s -> s.round() + " " + s.point())
                                .toList())
                        .size());
    }

    @Test
    void samplesOfAnotherSweepAreNotResumed() throws Exception {
        run(false, null, false);
        Path csv = folder.resolve("points.csv");
        Files.writeString(csv, Files.readString(csv).replace("--seed 1", "--seed 2"));
        CommandFailure failure = assertThrows(CommandFailure.class, () -> run(true, null, false));
        assertTrue(failure.remedy().contains("another --out"), failure::remedy);
    }

    @Test
    void resumingNothingIsOneLine() {
        assertThrows(CommandFailure.class, () -> run(true, null, false));
    }

    @Test
    void anEarlierRunIsLaidOver() throws Exception {
        run(false, null, false);
        Path before = Files.createDirectory(folder.resolve("before"));
        Files.move(folder.resolve("points.csv"), before.resolve("points.csv"));
        run(false, before, false);
        assertTrue(Files.readString(folder.resolve("size.svg")).contains("before"));
        assertThrows(CommandFailure.class, () -> run(false, folder.resolve("none"), false));
        Files.writeString(before.resolve("points.csv"), "a letter\n");
        assertThrows(CommandFailure.class, () -> run(false, before, false));
    }

    @Test
    void medianAndSpreadLeaveOutWhatWasNotCounted() throws Exception {
        run(false, null, false);
        Results results = new Results(SampleFile.read(folder.resolve("points.csv"), study));
        Point point = Point.of("kind", "a", "size", 4);
        assertEquals(2, results.median(point, "calls"));
        assertTrue(results.least(point, "ns") <= results.median(point, "ns"));
        assertTrue(results.most(point, "ns") >= results.median(point, "ns"));
        assertTrue(Double.isNaN(results.median(Point.of("kind", "c", "size", 4), "ns")));
        assertFalse(results.isEmpty());
    }
}
