package io.annulet.spec;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Runs the stress tests of the lettered pairs (tests/src/jcstress) for about a minute, as a process of its own. The system
 * property annulet.stress is the mode of jcstress: quick, default or tough make it longer.
 */
@Tag("slow")
class StressTest {

    @TempDir
    Path directory;

    @Test
    @Timeout(value = 1200, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
    void noOrderOfTheLetteredPairsIsForbidden() throws IOException, InterruptedException {
        Path root = Path.of(System.getProperty("annulet.root", "."));
        Path classes = root.resolve("tests/target/jcstress-classes");
        String mode = System.getProperty("annulet.stress", "sanity");
        Path log = directory.resolve("jcstress.log");
        Process process = new ProcessBuilder(List.of(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "--enable-native-access=ALL-UNNAMED",
                        "-cp",
                        classes + ":" + System.getProperty("java.class.path"),
                        "org.openjdk.jcstress.Main",
                        "-m",
                        mode,
                        "-sc",
                        "false",
                        "-jvmArgsPrepend",
                        "--enable-native-access=ALL-UNNAMED",
                        "-t",
                        "io.annulet.stress",
                        "-r",
                        directory.toString()))
                .directory(directory.toFile())
                .redirectErrorStream(true)
                .redirectOutput(log.toFile())
                .start();
        boolean ended = process.waitFor(1100, TimeUnit.SECONDS);
        process.destroyForcibly();
        String output = Files.readString(log);
        String tail = output.substring(Math.max(0, output.length() - 3000));
        assertTrue(ended, () -> "jcstress did not end:\n" + tail);
        assertEquals(0, process.exitValue(), () -> "jcstress found a forbidden order or failed:\n" + tail);
        assertTrue(output.contains("io.annulet.stress"), () -> "no stress test ran:\n" + tail);
    }
}
