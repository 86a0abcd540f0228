package io.annulet.journey;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.annulet.cli.CommandFailure;
import io.annulet.cli.vm.GuestImage;
import io.annulet.cli.vm.QemuGuest;
import io.annulet.cli.vm.QemuNic;
import io.annulet.cli.vm.QemuOptions;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Objects;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The guests that other journeys drive, without a network of ours. */
@Tag("slow")
@Timeout(600)
final class QemuGuestTest {
    private static final Duration LIMIT = Duration.ofSeconds(60);

    @TempDir
    private static Path folder;

    private static String obstacle = "";
    private static GuestImage image = new GuestImage(Path.of("none"), Path.of("none"));
    private static @Nullable QemuGuest guest;

    @BeforeAll
    static void boot() {
        obstacle = QemuGuest.obstacle().orElse("");
        if (obstacle.isEmpty()) {
            buildImage();
        }
        if (obstacle.isEmpty()) {
            guest = QemuGuest.start(QemuOptions.of("guest", image, folder));
            guest().awaitReady(QemuGuest.BOOT_LIMIT);
        }
    }

    /** Before each test, because a class that is skipped as a whole is missing from the counts. */
    @BeforeEach
    void skipWithoutGuest() {
        assumeTrue(obstacle.isEmpty(), obstacle);
    }

    private static void buildImage() {
        try {
            image = GuestImage.build(line -> {});
        } catch (CommandFailure e) {
            obstacle = "no guest image: " + e.getMessage() + ": " + e.remedy();
        }
    }

    private static QemuGuest guest() {
        return Objects.requireNonNull(guest);
    }

    @AfterAll
    static void end() throws IOException {
        if (guest != null) {
            guest.close();
            assertFalse(guest.isAlive());
            assertEquals("guest.console.log guest.qemu.log", filesStartingWith("guest."));
        }
    }

    @Test
    void tellsOutputAndStatusOfCommands() {
        assertEquals(new QemuGuest.Result(3, "out\nerr\n"), guest().run("echo out; echo err >&2; exit 3", LIMIT));
        assertEquals("guest\n", guest().mustRun("hostname", LIMIT));
        CommandFailure failure = assertThrows(CommandFailure.class, () -> guest().mustRun("ls /nowhere", LIMIT));
        assertTrue(String.valueOf(failure.getMessage()).contains("No such file"), failure.getMessage());
    }

    @Test
    void longOutputArrivesWhole() {
        String expected =
                IntStream.rangeClosed(1, 10_000).mapToObj(i -> i + "\n").collect(Collectors.joining());
        assertEquals(expected, guest().mustRun("seq 1 10000", LIMIT));
    }

    @Test
    void commandThatTookTooLongDoesNotSpoilTheNext() {
        assertThrows(CommandFailure.class, () -> guest().run("sleep 1; echo late", Duration.ofMillis(100)));
        assertEquals("next\n", guest().mustRun("echo next", LIMIT));
    }

    @Test
    void commandsArriveWholeWhileProcessesOfEarlierOnesEnd() {
        guest().mustRun("for i in 0 1 2 3 4; do for j in $(seq 10 99); do sleep $i.$j & done; done", LIMIT);
        String text = "one two three four five six seven eight nine ten";
        for (int i = 0; i < 300; i++) {
            assertEquals(new QemuGuest.Result(0, text), guest().run("printf %s '" + text + "'", LIMIT));
        }
    }

    @Test
    void hasTheToolsThatJourneysUse() {
        assertTrue(guest().mustRun("iperf3 --version", LIMIT).startsWith("iperf 3"));
        assertTrue(guest().mustRun("ethtool --version", LIMIT).startsWith("ethtool"));
        assertTrue(guest().mustRun("ping -c 1 127.0.0.1", LIMIT).contains("1 packets received"));
    }

    @Test
    void comesBackAfterRebootAndReset() {
        guest().mustRun("touch /tmp/before", LIMIT);
        guest().reboot();
        guest().awaitReady(QemuGuest.BOOT_LIMIT);
        assertEquals(1, guest().run("ls /tmp/before", LIMIT).status());
        guest().reset();
        guest().awaitReady(QemuGuest.BOOT_LIMIT);
        assertEquals("", guest().mustRun("ls /tmp", LIMIT));
    }

    @Test
    void qemuAnswersCommandsOfItsOwn() {
        assertTrue(guest().qmp("query-status", "").contains("\"running\""));
        guest().qmp("stop", "");
        assertTrue(guest().qmp("query-status", "").contains("\"paused\""));
        guest().qmp("cont", "");
        assertThrows(CommandFailure.class, () -> guest().qmp("no-such-command", ""));
    }

    @Test
    void qemuThatRefusesItsOptionsIsToldAtOnce() {
        try (QemuGuest wrong =
                QemuGuest.start(QemuOptions.of("wrong", image, folder).withExtraArguments("-frob"))) {
            CommandFailure failure = assertThrows(CommandFailure.class, () -> wrong.awaitReady(LIMIT));
            assertTrue(String.valueOf(failure.getMessage()).contains("-frob"), failure.getMessage());
        }
    }

    @Test
    void killLeavesNoSocketBehind() throws IOException {
        Path socket = folder.resolve("killed.sock");
        QemuNic nic = QemuNic.on(socket, "52:54:00:00:00:01").listening();
        try (QemuGuest killed =
                QemuGuest.start(QemuOptions.of("killed", image, folder).with(nic))) {
            killed.kill();
            assertFalse(killed.isAlive());
            assertThrows(CommandFailure.class, () -> killed.run("true", LIMIT));
        }
        assertEquals("killed.qemu.log", filesStartingWith("killed.").replace("killed.console.log ", ""));
    }

    private static String filesStartingWith(String start) throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            return files.map(file -> file.getFileName().toString())
                    .filter(name -> name.startsWith(start))
                    .sorted()
                    .collect(Collectors.joining(" "));
        }
    }
}
