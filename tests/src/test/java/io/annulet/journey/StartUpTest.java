package io.annulet.journey;

import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** How long {@code ./annulet run} takes until its ports are open, once it is built. */
@Timeout(120)
final class StartUpTest {

    private static final Path ROOT = Path.of(System.getProperty("annulet.root", ".."));
    private static final Path STAMP = ROOT.resolve("build/stamp");
    private static final Duration LIMIT = Duration.ofSeconds(30);
    private static final double ENOUGH_SECONDS = 1.5;
    private static final int TRIES = 3;

    @TempDir
    private Path folder;

    @Test
    void twoPortsAreReadyInOneAndAHalfSeconds() throws IOException {
        assumeTrue(Files.exists(STAMP), "./annulet is not built: run ./annulet build");
        assumeTrue(!isStale(), "./annulet would build first: run ./annulet build");
        double best = LIMIT.toSeconds();
        for (int i = 0; i < TRIES; i++) {
            best = Math.min(best, secondsToReady());
        }
        // Measured on a quiet machine it is a quarter of that.
        assertTrue(best < ENOUGH_SECONDS, "the best of " + TRIES + " took " + best + " s");
    }

    private double secondsToReady() {
        long beganNanos = System.nanoTime();
        try (Child run = Child.run(List.of(
                ROOT.resolve("annulet").toAbsolutePath().normalize().toString(),
                "run",
                "--counters",
                folder.resolve("counters").toString(),
                "--port",
                BackendProcess.guestPort(folder, "a"),
                "--port",
                BackendProcess.guestPort(folder, "b")))) {
            run.awaitLine("ready", LIMIT);
            double seconds = (System.nanoTime() - beganNanos) / 1e9;
            System.out.println(String.format(Locale.ROOT, "./annulet run, start to ready: %.2f s", seconds));
            run.terminate();
            run.awaitEnd(LIMIT);
            return seconds;
        }
    }

    /** As the launcher sees it: building while the classes are in use would take them away from us. */
    private static boolean isStale() throws IOException {
        List<Path> sources = new ArrayList<>(List.of(ROOT.resolve("annulet"), ROOT.resolve("pom.xml")));
        sources.add(ROOT.resolve("deploy/jvm.options"));
        sources.add(ROOT.resolve(".mvn"));
        try (Stream<Path> modules = Files.list(ROOT)) {
            for (Path module : modules.filter(Files::isDirectory).toList()) {
                sources.add(module.resolve("pom.xml"));
                sources.add(module.resolve("src/main"));
            }
        }
        FileTime built = Files.getLastModifiedTime(STAMP);
        for (Path source : sources) {
            if (Files.exists(source) && isAnyNewer(source, built)) {
                return true;
            }
        }
        return false;
    }

    private static boolean isAnyNewer(Path root, FileTime than) throws IOException {
        try (Stream<Path> files = Files.walk(root)) {
            for (Path file : files.toList()) {
                if (Files.getLastModifiedTime(file).compareTo(than) > 0) {
                    return true;
                }
            }
        }
        return false;
    }
}
