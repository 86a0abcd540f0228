package io.annulet.fuzz;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.opentest4j.AssertionFailedError;
import picocli.CommandLine;

/**
 * The short generated runs of every target, from its corpus and from a seed. {@code -Dannulet.fuzz.inputs=100000000} and
 * {@code -Dannulet.fuzz.seed=N} for long ones; {@code ./annulet fuzz} does the same with progress.
 */
@Timeout(value = 1, unit = TimeUnit.HOURS)
final class FuzzTest {

    private static final Path ROOT = Path.of(System.getProperty("annulet.root", ".."));
    private static final long INPUTS = Long.getLong("annulet.fuzz.inputs", 150_000);
    private static final long SEED = Long.getLong("annulet.fuzz.seed", 20_261_127);

    @TempDir
    private Path folder;

    private static Stream<String> targets() {
        return Targets.sound().stream().map(Targets.Entry::name);
    }

    private static void assertNothingFound(String target, FuzzRun.@Nullable Finding finding) {
        if (finding != null) {
            throw new AssertionFailedError(
                    target + ", seed " + SEED + ", input " + finding.number() + ": " + finding.failure(),
                    finding.failure());
        }
    }

    @ParameterizedTest
    @MethodSource("targets")
    void holdsForTheCorpus(String name) throws IOException {
        FuzzRun run = new FuzzRun(Targets.named(name).newTarget().get(), SEED);
        List<byte[]> corpus = Corpus.read(Corpus.file(ROOT, name));
        assertFalse(corpus.isEmpty(), "no corpus");
        assertNothingFound(name, run.replay(corpus));
    }

    @ParameterizedTest
    @MethodSource("targets")
    void holdsForGeneratedInputs(String name) {
        FuzzRun run = new FuzzRun(Targets.named(name).newTarget().get(), SEED);
        assertNothingFound(name, run.run(INPUTS, executions -> {}));
        assertTrue(
                run.kept().size() > 20,
                () -> "all inputs took the same " + run.kept().size() + " ways");
    }

    @Test
    void aPlantedBugIsFoundAndItsInputFindsItAgain() {
        FuzzRun.Finding finding = new FuzzRun(new CanaryTarget(), SEED).run(10_000, executions -> {});
        assertNotNull(finding, "the planted bug was not found");
        assertNotNull(new FuzzRun(new CanaryTarget(), 0).replay(List.of(finding.bytes())));
    }

    @Test
    void theSameSeedGivesTheSameInputs() {
        FuzzRun one = new FuzzRun(new SplitRingTarget(), 5);
        FuzzRun other = new FuzzRun(new SplitRingTarget(), 5);
        assertNull(one.run(5_000, executions -> {}));
        assertNull(other.run(5_000, executions -> {}));
        assertEquals(one.kept().size(), other.kept().size());
        for (int i = 0; i < one.kept().size(); i++) {
            assertArrayEquals(one.kept().get(i), other.kept().get(i));
        }
    }

    @Test
    void theCommandEndsWithOneAfterAFindingAndTellsHowToTryItAgain() {
        StringWriter out = new StringWriter();
        int status = new CommandLine(new FuzzCommand(folder))
                .setOut(new PrintWriter(out))
                .execute("canary", "3");
        assertEquals(1, status, out::toString);
        assertTrue(out.toString().contains("--replay build/fuzz/canary.finding.hex"), out::toString);
    }

    @Test
    void theCommandSaysHowMuchItTried() {
        StringWriter out = new StringWriter();
        int status = new CommandLine(new FuzzCommand(folder))
                .setOut(new PrintWriter(out))
                .execute("split-ring", "3", "-n", "2k");
        assertEquals(0, status, out::toString);
        assertTrue(out.toString().contains("split-ring: 2,000 inputs from seed 3"), out::toString);
    }

    @Test
    void theCommandNamesTheTargetsThatThereAre() {
        StringWriter err = new StringWriter();
        int status = new CommandLine(new FuzzCommand(folder))
                .setErr(new PrintWriter(err))
                .execute("nothing");
        assertEquals(2, status);
        assertTrue(err.toString().contains("packed-ring"), err::toString);
    }
}
