package io.annulet.spec;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Runs the stress tests of the lettered pairs (tests/src/jcstress) for less than a minute, as a process of its own. The
 * system property annulet.stress may name a mode of jcstress instead: quick, default or tough take much longer.
 */
@Tag("slow")
class StressTest {

    private static final String MODE = System.getProperty("annulet.stress", "");
    /** What the kernel calls need, and what Agrona needs, which has the counters. */
    private static final String NATIVE_ACCESS =
            "--enable-native-access=ALL-UNNAMED --add-exports=java.base/jdk.internal.misc=ALL-UNNAMED";

    /** One JVM for each test with a third of a second to run: the mode "sanity" is too short to show anything. */
    private static final List<String> SHORT_TRY = List.of(
            "-m",
            "quick",
            "-sc",
            "false",
            "-f",
            "1",
            "-fsm",
            "1",
            "-iters",
            "1",
            "-time",
            "300",
            "-jvmArgs",
            NATIVE_ACCESS + " -XX:+UseSerialGC");

    private static final Pattern UNORDERED = Pattern.compile("false, false +[1-9].*both missed the other's store");

    @TempDir
    Path directory;

    @Test
    @Timeout(value = 1200, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
    void noOrderOfTheLetteredPairsIsForbidden() throws IOException, InterruptedException {
        Path root = Path.of(System.getProperty("annulet.root", "."));
        Path classes = root.resolve("tests/target/jcstress-classes");
        Path log = directory.resolve("jcstress.log");
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-cp",
                classes + ":" + System.getProperty("java.class.path"),
                "org.openjdk.jcstress.Main",
                "-t",
                "io.annulet.stress",
                "-r",
                directory.toString(),
                "-v"));
        command.addAll(MODE.isEmpty() ? SHORT_TRY : List.of("-m", MODE, "-jvmArgsPrepend", NATIVE_ACCESS));
        Process process = new ProcessBuilder(command)
                .directory(directory.toFile())
                .redirectErrorStream(true)
                .redirectOutput(log.toFile())
                .start();
        boolean ended = process.waitFor(1100, TimeUnit.SECONDS);
        process.destroyForcibly();
        String output = Files.readString(log);
        String results = results(output);
        assertTrue(ended, () -> "jcstress did not end:\n" + results);
        assertEquals(0, process.exitValue(), () -> "jcstress found a forbidden order or failed:\n" + results);
        assertTrue(output.contains("io.annulet.stress"), () -> "no stress test ran:\n" + results);
        // Where the control without fences never comes out wrong, good results of the others would say nothing.
        assertTrue(UNORDERED.matcher(results).find(), () -> "the missing fence was not missed:\n" + results);
    }

    /** What jcstress tells at its end: the tables of counts, failures first. */
    private static String results(String output) {
        int start = output.lastIndexOf("RUN RESULTS:");
        return output.substring(start < 0 ? Math.max(0, output.length() - 3000) : start);
    }
}
