package io.annulet.journey;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.annulet.guest.GuestOptions;
import io.annulet.guest.SimulatedGuest;
import io.annulet.linux.NotifyListener;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A back-end under a service manager: what it tells (sd_notify), and what it is given (sockets). */
@Tag("slow")
@Timeout(120)
final class ServiceManagerTest {

    private static final Duration LIMIT = Duration.ofSeconds(60);
    private static final Duration WATCHDOG = Duration.ofMillis(600);
    private static final Path SOCKET_ACTIVATE = Path.of("/usr/bin/systemd-socket-activate");

    /** The back-end is started by its guest's connection. */
    private static final GuestOptions PATIENT = GuestOptions.DEFAULTS.withTimeoutNanos(LIMIT.toNanos());

    @TempDir
    private Path folder;

    @Test
    void itTellsThatItIsReadyThatItLivesAndThatItStops() {
        Path where = folder.resolve("notify");
        try (NotifyListener manager = NotifyListener.at(where);
                Child backend = start(List.of(), where.toString(), run("a"))) {
            List<String> first = manager.awaitAssignment("READY=1", LIMIT);
            assertTrue(first.contains("STATUS=serving ports"), first::toString);
            assertTrue(Files.exists(BackendProcess.socket(folder, "a")), "ready before its port was open");
            for (int i = 0; i < 3; i++) {
                assertHeard(manager, "WATCHDOG=1", LIMIT);
            }
            backend.terminate();
            assertHeard(manager, "STOPPING=1", LIMIT);
            assertEquals(0, backend.awaitEnd(LIMIT), backend::text);
        }
    }

    /** Stopped as a whole, as if its processor were taken away; {@code BackendWatchTest} stops workers alone. */
    @Test
    void itGivesNoSignOfLifeWhileItDoesNotRun() throws Exception {
        String name = "annulet-test-" + ProcessHandle.current().pid();
        try (NotifyListener manager = NotifyListener.atAbstractName(name);
                Child backend = start(List.of(), "@" + name, run("a"))) {
            manager.awaitAssignment("WATCHDOG=1", LIMIT);
            signal("-STOP", backend);
            // What was on its way when it was stopped.
            manager.awaitAssignment("nothing more", WATCHDOG);
            assertEquals(List.of(), manager.awaitAssignment("WATCHDOG=1", WATCHDOG.multipliedBy(2)));
            signal("-CONT", backend);
            assertHeard(manager, "WATCHDOG=1", LIMIT);
        }
    }

    /** It also is not given the sockets of another process. */
    @Test
    void aServiceManagerThatIsNotThereIsOneLineInTheLog() {
        List<String> others = List.of("env", "LISTEN_PID=1", "LISTEN_FDS=2");
        try (Child backend = start(others, folder.resolve("nobody").toString(), run("a"))) {
            backend.awaitLine("ready", LIMIT);
            assertTrue(backend.text().contains("check the variable NOTIFY_SOCKET"), backend::text);
        }
    }

    /** systemd's own program opens the sockets; the guest's connection waits there until the back-end is up. */
    @Test
    void itTakesTheSocketsThatItIsGivenAndLeavesTheirFilesWhenItEnds() {
        assumeTrue(Files.isExecutable(SOCKET_ACTIVATE), "systemd-socket-activate is not installed");
        Path a = BackendProcess.socket(folder, "a");
        Path b = BackendProcess.socket(folder, "b");
        List<String> activate = List.of(SOCKET_ACTIVATE.toString(), "-l", a.toString(), "-l", b.toString());
        try (Child backend = start(activate, "", run("a", "b"))) {
            Pause.until("the sockets are open", LIMIT, () -> Files.exists(a) && Files.exists(b));
            try (SimulatedGuest one = SimulatedGuest.connect(a, PATIENT);
                    SimulatedGuest other = SimulatedGuest.connect(b, PATIENT)) {
                new PacedTraffic(one, PacedTraffic.mac(1), other, PacedTraffic.mac(2), PacedTraffic.WINDOW)
                        .exchange(200, number -> 60 + number, LIMIT);
            }
            backend.awaitLine("ready", LIMIT);
            backend.terminate();
            assertEquals(0, backend.awaitEnd(LIMIT), backend::text);
            assertTrue(Files.exists(a) && Files.exists(b), "a socket that is not its own was removed");
        }
    }

    private List<String> run(String... ports) {
        List<String> words = new ArrayList<>(List.of("io.annulet.cli.Main", "run", "--counters"));
        words.addAll(List.of(folder.resolve("counters").toString(), "--state", "none"));
        for (String port : ports) {
            words.addAll(List.of("--port", BackendProcess.guestPort(folder, port)));
        }
        return words;
    }

    private static Child start(List<String> program, String notifySocket, List<String> mainAndArguments) {
        List<String> words = new ArrayList<>(List.of("env", "NOTIFY_SOCKET=" + notifySocket));
        words.add("WATCHDOG_USEC=" + WATCHDOG.toMillis() * 1_000);
        words.addAll(program);
        words.addAll(Child.javaCommand(mainAndArguments));
        return Child.run(words);
    }

    private static void assertHeard(NotifyListener manager, String assignment, Duration limit) {
        List<String> heard = manager.awaitAssignment(assignment, limit);
        assertTrue(heard.contains(assignment), () -> "heard only " + heard);
    }

    private static void signal(String signal, Child process) throws Exception {
        new ProcessBuilder("kill", signal, Long.toString(process.pid())).start().waitFor();
    }
}
