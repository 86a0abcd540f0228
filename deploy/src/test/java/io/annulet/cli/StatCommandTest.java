package io.annulet.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.annulet.backend.stats.CountersFile;
import io.annulet.backend.stats.DropReason;
import io.annulet.backend.stats.PortCounters;
import io.annulet.backend.stats.WorkerCounters;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

@Timeout(value = 30, unit = TimeUnit.SECONDS)
final class StatCommandTest {

    private static final int ROOM = 2 * PortCounters.COUNT + WorkerCounters.COUNT;

    @TempDir
    private Path directory;

    private final StringWriter out = new StringWriter();
    private final StringWriter err = new StringWriter();

    @Test
    void showsTotalsAndOnlyReasonsThatHappened() throws IOException {
        try (CountersFile file = CountersFile.create(directory.resolve("1.counters"), ROOM)) {
            count(file);
            assertEquals(0, stat());
        }
        assertTrue(out.toString().contains("pid " + ProcessHandle.current().pid()), out::toString);
        assertTrue(out.toString().matches("(?s).*\na +10 +640 +0 +0 +1\n.*"), out::toString);
        assertTrue(out.toString().contains("    dropped in: too-short 1\n"), out::toString);
        assertTrue(out.toString().contains("    also: calls.sent 1\n"), out::toString);
        assertTrue(out.toString().contains("worker-0: 1 errors"), out::toString);
        assertFalse(out.toString().contains("no-buffer"), out::toString);
    }

    private static void count(CountersFile file) {
        PortCounters a = new PortCounters(file.manager(), "a");
        new PortCounters(file.manager(), "b");
        a.in(10, 640, 9);
        a.inDropped(DropReason.TOO_SHORT);
        a.callSent();
        new WorkerCounters(file.manager(), "worker-0").error();
    }

    @Test
    void jsonHoldsEveryCounterAsATree() throws IOException {
        try (CountersFile file = CountersFile.create(directory.resolve("1.counters"), ROOM)) {
            count(file);
            assertEquals(0, stat("--json"));
        }
        String json = out.toString();
        assertEquals(1, json.lines().count());
        assertTrue(json.contains("\"ports\":{\"a\":{\"in\":{\"frames\":10,\"bytes\":640,\"forwarded\":9"), json);
        assertTrue(json.contains("\"too-short\":1"), json);
        assertTrue(json.contains("\"no-buffer\":0"), json);
        assertTrue(json.contains("\"workers\":{\"worker-0\":{\"errors\":1}}"), json);
        assertTrue(json.contains("\"running\":true"), json);
    }

    @Test
    void watchShowsRatesUntilTheBackEndEnds() throws Exception {
        CountersFile file = CountersFile.create(directory.resolve("1.counters"), ROOM);
        count(file);
        Thread watcher = Thread.ofPlatform().start(() -> stat("--watch"));
        while (!out.toString().contains("in frames/s")) {
            Thread.onSpinWait();
        }
        file.close();
        watcher.join();
        assertTrue(out.toString().matches("(?s).*\na +0 +0\\.000 +0 +0\\.000 +0\n.*"), out::toString);
        assertTrue(out.toString().endsWith("the back-end has ended\n"), out::toString);
    }

    @Test
    void withoutABackEndSaysHowToStartOne() {
        assertEquals(2, stat());
        assertEquals(
                "annulet stat: no back-end of this user is running; start one with 'annulet run', "
                        + "or name its file with --counters PATH\n",
                err.toString());
    }

    @Test
    void withSeveralBackEndsListsThem() throws IOException {
        try (CountersFile one = CountersFile.create(directory.resolve("1.counters"), ROOM);
                CountersFile two = CountersFile.create(directory.resolve("2.counters"), ROOM)) {
            assertEquals(2, stat());
            assertEquals(
                    "annulet stat: several back-ends are running; choose with --counters " + one.path() + " or "
                            + two.path() + "\n",
                    err.toString());
            assertEquals(0, stat("--counters", directory.resolve("2.counters").toString()));
        }
    }

    @Test
    void aStaleFileIsNoBackEnd() throws IOException {
        Path stale = leaveStaleFile();
        assertEquals(2, stat());
        assertTrue(err.toString().contains("no back-end"), err::toString);
        assertEquals(2, stat("--counters", stale.toString()));
        assertTrue(err.toString().contains("has ended without removing it; remove the file"), err::toString);
    }

    /** A file that claims a process which started at another time. */
    private Path leaveStaleFile() throws IOException {
        Path made = directory.resolve("made");
        Path stale = directory.resolve("stale.counters");
        try (CountersFile file = CountersFile.create(made, ROOM)) {
            count(file);
            Files.copy(made, stale);
        }
        try (FileChannel channel = FileChannel.open(stale, StandardOpenOption.WRITE)) {
            channel.write(ByteBuffer.allocate(Long.BYTES).order(ByteOrder.LITTLE_ENDIAN), 24);
        }
        return stale;
    }

    @Test
    void filesThatAreNoCountersFilesAreOneLine() throws IOException {
        assertEquals(2, stat("--counters", directory.resolve("none").toString()));
        Path letter = Files.writeString(directory.resolve("letter.counters"), "a letter");
        assertEquals(2, stat("--counters", letter.toString()));
        assertEquals(2, stat("--counters", directory.toString()));
        assertEquals(3, err.toString().lines().count(), err::toString);
        assertEquals(2, stat());
        assertTrue(err.toString().contains("no back-end"), err::toString);
    }

    private int stat(String... arguments) {
        return new CommandLine(new StatCommand(directory, Duration.ofMillis(20)))
                .setOut(new PrintWriter(out))
                .setErr(new PrintWriter(err))
                .setParameterExceptionHandler(Errors::explainUsage)
                .setExecutionExceptionHandler(Errors::explainFailure)
                .setCommandName("annulet stat")
                .execute(arguments);
    }
}
