package io.annulet.journey;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.annulet.cli.CommandFailure;
import io.annulet.cli.demo.Preparation;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** {@code annulet demo} as a newcomer sees it: what it shows, its status, and that nothing of it stays. */
@Timeout(600)
final class DemoCommandTest {

    private static final Duration LIMIT = Duration.ofMinutes(8);
    private static final int STATUS_OF_SIGTERM = 128 + 15;

    private static Child demo(String... options) {
        return Child.java(Stream.concat(Stream.of("io.annulet.cli.Main", "demo"), Stream.of(options))
                .toList());
    }

    @Test
    void simulatedGuestsShowFramesAndRoundTrips() throws IOException {
        try (Child demo = demo("--simulated")) {
            assertEquals(0, demo.awaitEnd(LIMIT), demo::text);
            assertTrue(demo.text().startsWith("Two simulated guests"), demo::text);
            assertShows(demo, "frames both ways +[1-9][0-9,]* frames/s .* 0 of [1-9][0-9,]* lost");
            assertShows(demo, "round trip a to b +[0-9.]+ / [0-9.]+ / [0-9.]+ us");
            assertShows(demo, "\na +[1-9]");
            assertNothingStays(demo);
        }
    }

    @Test
    @Tag("slow")
    @Tag("root")
    void linuxGuestsShowPingsAndTcp() throws IOException {
        assumePossible();
        try (Child demo = demo()) {
            assertEquals(0, demo.awaitEnd(LIMIT), demo::text);
            assertTrue(demo.text().startsWith("Two Linux guests under QEMU"), demo::text);
            for (String way : List.of("from a to b", "from a to host", "from host to b")) {
                assertShows(demo, "ping " + way + " +[0-9.]+ / [0-9.]+ / [0-9.]+ ms");
            }
            assertShows(demo, "TCP from a to b +[1-9][0-9]* Mbit/s");
            assertShows(demo, "\nhost +[1-9]");
            assertNothingStays(demo);
            System.out.println(demo.text());
        }
    }

    @Test
    @Tag("slow")
    @Tag("root")
    void signalInTheMiddleTakesEverythingBack() throws IOException {
        assumePossible();
        try (Child demo = demo()) {
            demo.awaitLine(0, line -> line.contains("tap of port host"), LIMIT);
            assertTrue(Files.exists(namespace(demo)));
            demo.terminate();
            assertEquals(STATUS_OF_SIGTERM, demo.awaitEnd(LIMIT), demo::text);
            assertNothingStays(demo);
        }
    }

    private static void assumePossible() {
        assumeTrue(Namespace.obstacle().isEmpty(), Namespace.obstacle().orElse(""));
        String obstacle = "";
        try {
            Preparation.prepare(line -> {});
        } catch (CommandFailure e) {
            obstacle = e.getMessage() + "; " + e.remedy();
        }
        assumeTrue(obstacle.isEmpty(), obstacle);
    }

    private static void assertShows(Child demo, String pattern) {
        assertTrue(Pattern.compile(pattern).matcher(demo.text()).find(), () -> pattern + " is not in:\n" + demo.text());
    }

    private static Path namespace(Child demo) {
        return Path.of("/run/netns/annulet-demo-" + demo.pid());
    }

    private static void assertNothingStays(Child demo) throws IOException {
        assertFalse(Files.exists(namespace(demo)), "the network namespace is still there");
        String folder = "annulet-demo-" + demo.pid() + "-";
        try (Stream<Path> files = Files.list(Path.of(System.getProperty("java.io.tmpdir")))) {
            List<Path> left = files.filter(file -> file.getFileName().toString().startsWith(folder))
                    .toList();
            assertEquals(List.of(), left, "left behind");
        }
        assertEquals(List.of(), processesOf(folder), "still running");
    }

    /** Command lines that name the folder. */
    private static List<String> processesOf(String folder) {
        return ProcessHandle.allProcesses()
                .flatMap(process -> process.info().commandLine().stream())
                .filter(line -> line.contains(folder))
                .toList();
    }
}
