package io.annulet.journey;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** {@code annulet sim} in all its modes through {@code annulet run}, each a process of its own. */
@Tag("slow")
@Timeout(300)
final class SimTest {

    private static final Duration LIMIT = Duration.ofSeconds(60);
    /** Descriptors for all frames that come while a process does not get to run. */
    private static final String ROOMY = "4096";

    private static final int HUGE_PAGES = 64;
    private static final String A = "a";
    private static final String B = "b";
    private static final String C = "c";

    @TempDir
    private Path folder;

    private BackendProcess backend;

    @BeforeEach
    void start() {
        backend = BackendProcess.start(
                folder,
                "--port",
                BackendProcess.guestPort(folder, A, "queues=4"),
                "--port",
                BackendProcess.guestPort(folder, B, "queues=4"),
                "--port",
                BackendProcess.guestPort(folder, C));
    }

    @AfterEach
    void stop() {
        backend.assertAlive();
        backend.close();
    }

    @Test
    void everyFrameOfEveryFlowArrivesThroughTheSwitch() {
        String[][] variants = {
            {"--both-ways"},
            {"--size", "imix", "--ring", "packed"},
            {"--form", "udp", "--flows", "200", "--macs", "20", "--queues", "4", "--both-ways"},
            {"--in-order", "--both-ways"},
            {"--in-order", "--ring", "packed", "--descriptors", "2", "--form", "tcp6", "--size", "100,1500"},
            {"--no-mergeable", "--no-event-idx", "--size", "64,9000"},
            // A receiving thread that does not get to run for a while has room for all frames that come meanwhile.
            {"--descriptors", "3", "--indirect", "--threads", "each", "--ring-size", "32768"},
        };
        for (String[] variant : variants) {
            List<String> words = new ArrayList<>(List.of("--frames", "20000", "--rate", "50k"));
            words.addAll(List.of(variant));
            String text = sim(0, words, A, B);
            assertTrue(text.contains("lost                      0 frames"), text);
        }
    }

    @Test
    void whatIsLeftToTheDeviceArrivesThroughTheSwitchAsItWasSent() {
        for (String offload : List.of("csum", "tso4", "tso6", "ecn", "ufo", "uso4", "uso6")) {
            List<String> words = List.of("--offload", offload, "--size", "200,9000", "--frames", "500", "--rate", "5k");
            String text = sim(0, words, A, B);
            assertTrue(text.contains("lost                      0 frames"), text);
        }
    }

    @Test
    void findsTheThroughput() {
        String text =
                sim(0, List.of("--search", "--duration", "100ms", "--warmup", "200ms", "--precision", "20%"), A, B);
        assertTrue(text.contains("trial   1"), text);
        assertTrue(text.contains("no loss: ") && text.contains("loss of at most 0.500 %: "), text);
    }

    @Test
    void measuresRoundTrips() {
        String text = sim(0, List.of("--mode", "round-trip", "--frames", "2000", "--lost-after", "2s"), A, B);
        assertTrue(text.contains("there and back") && text.contains("p99.9"), text);
    }

    @Test
    void oneEchoesWhatAnotherMeasures() {
        try (Child echo = start(List.of("--mode", "echo", "--number", "5", "--ring-size", ROOMY), B)) {
            awaitFrontEnd(B);
            List<String> words =
                    List.of("--to", "5", "--ring-size", ROOMY, "--lost-after", "5s", "--allow-loss", "10%");
            List<String> all = new ArrayList<>(List.of("--frames", "2000", "--rate", "5k"));
            all.addAll(words);
            String text = sim(0, all, A);
            assertTrue(text.contains("received"), text);
            echo.terminate();
            assertEquals(0, echo.awaitEnd(LIMIT), echo::text);
            assertTrue(echo.text().contains("sent"), echo::text);
        }
    }

    @Test
    void oneReceivesWhatAnotherSends() {
        try (Child receiver = start(List.of("--mode", "receive", "--frames", "1000"), C)) {
            awaitFrontEnd(C);
            sim(0, List.of("--mode", "send", "--frames", "20000", "--rate", "20k", "--number", "3"), A);
            assertEquals(0, receiver.awaitEnd(LIMIT), receiver::text);
            assertTrue(receiver.text().contains("received"), receiver::text);
        }
    }

    @Test
    void aBackEndThatIsKilledEndsTheRunWithWhatWasLearnt() {
        try (Child run = start(List.of("--rate", "5k", "--duration", "60s"), A, B)) {
            awaitFrontEnd(B);
            Pause.until("frames are on their way", LIMIT, () -> backend.counter(A, "in.frames") > 6_000);
            backend.close();
            assertEquals(1, run.awaitEnd(LIMIT), run::text);
            assertTrue(run.text().contains("problem: the back-end closed the connection"), run::text);
            assertTrue(run.text().contains("received"), run::text);
            start();
        }
    }

    @Test
    void servesABackEndThatConnectsToIt() throws IOException {
        Path first = folder.resolve("meeting-a");
        Path second = folder.resolve("meeting-b");
        List<String> words = new ArrayList<>(List.of("io.annulet.cli.Main", "sim", "--server", "--timeout", "60s"));
        words.addAll(List.of("--frames", "2000", "--rate", "20k", first.toString(), second.toString()));
        try (Child run = Child.java(words);
                BackendProcess client = BackendProcess.start(
                        Files.createDirectory(folder.resolve("client")),
                        "--port",
                        "a=vhost-user:" + first + ",mode=client",
                        "--port",
                        "b=vhost-user:" + second + ",mode=client")) {
            assertEquals(0, run.awaitEnd(LIMIT), run::text);
            assertTrue(run.text().contains("received              2,000 frames"), run::text);
            client.assertAlive();
        }
    }

    @Test
    void guestMemoryCanBeHugePages() throws IOException {
        try (Stream<String> lines = Files.lines(Path.of("/proc/meminfo"))) {
            long free = lines.filter(line -> line.startsWith("HugePages_Free:"))
                    .mapToLong(line -> Long.parseLong(line.replaceAll("[^0-9]", "")))
                    .sum();
            assumeTrue(free >= HUGE_PAGES, "fewer than " + HUGE_PAGES + " huge pages are free");
        }
        String text = sim(0, List.of("--huge-pages", "--frames", "2000", "--rate", "20k"), A, B);
        assertTrue(text.contains("lost                      0 frames"), text);
    }

    private void awaitFrontEnd(String port) {
        Pause.until(
                "a front-end at " + port, LIMIT, () -> backend.log().contains(" " + port + ": front-end connected"));
    }

    private String sim(int status, List<String> options, String... ports) {
        try (Child run = start(options, ports)) {
            assertEquals(status, run.awaitEnd(LIMIT), run::text);
            return run.text();
        }
    }

    private Child start(List<String> options, String... ports) {
        List<String> words = new ArrayList<>(List.of("io.annulet.cli.Main", "sim"));
        words.addAll(options);
        Arrays.stream(ports).map(port -> backend.socket(port).toString()).forEach(words::add);
        return Child.java(words);
    }
}
