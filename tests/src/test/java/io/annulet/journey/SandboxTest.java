package io.annulet.journey;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeFalse;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.annulet.guest.GuestOptions;
import io.annulet.guest.SimulatedGuest;
import io.annulet.linux.XdpSocket;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** {@code run --sandbox}: a back-end without rights forwards as any, and what it gave up it cannot do. */
@Tag("slow")
@Timeout(180)
final class SandboxTest {

    private static final Duration LIMIT = Duration.ofSeconds(30);

    @TempDir
    private Path folder;

    @Test
    void everyThreadIsWithoutRightsAndFramesGoOn() throws IOException {
        try (BackendProcess backend = BackendProcess.start(
                        folder,
                        "--sandbox",
                        "--port",
                        BackendProcess.guestPort(folder, "a"),
                        "--port",
                        BackendProcess.guestPort(folder, "b"));
                SimulatedGuest one = SimulatedGuest.connect(backend.socket("a"), GuestOptions.DEFAULTS);
                SimulatedGuest other = SimulatedGuest.connect(backend.socket("b"), GuestOptions.DEFAULTS)) {
            new PacedTraffic(one, PacedTraffic.mac(1), other, PacedTraffic.mac(2), PacedTraffic.WINDOW)
                    .exchange(500, number -> 60 + number % 1400, LIMIT);
            assertWithoutRights(backend);
            backend.end();
        }
    }

    private static void assertWithoutRights(BackendProcess backend) throws IOException {
        assertWithoutRights(backend, "0000000000000000");
    }

    private static void assertWithoutRights(BackendProcess backend, String capabilities) throws IOException {
        List<Path> threads = threads(backend.pid());
        assertTrue(threads.size() > 5, () -> threads.size() + " threads");
        for (Path thread : threads) {
            assertWithoutRights(thread, capabilities);
        }
        Path process = Path.of("/proc", Long.toString(backend.pid()));
        String cores = Files.readAllLines(process.resolve("limits")).stream()
                .filter(line -> line.startsWith("Max core file size"))
                .findFirst()
                .orElse("");
        assertEquals(
                "0 0 bytes", cores.replace("Max core file size", "").strip().replaceAll(" +", " "));
        assertTrue(Files.readString(process.resolve("cmdline")).contains("-XX:+DisableAttachMechanism"));
    }

    /** The tap is opened by a process beside it, which ends with it. */
    @Test
    @Tag("root")
    void aTapIsServedWithoutTheRightToMakeOne() throws IOException {
        Namespace.obstacle().ifPresent(why -> assumeTrue(false, why));
        String tap = "annsb" + ProcessHandle.current().pid() % 1_000_000;
        try (Namespace host = Namespace.create();
                BackendProcess backend = BackendProcess.start(
                        folder,
                        "--sandbox",
                        "--port",
                        BackendProcess.guestPort(folder, "a"),
                        "--port",
                        "t=tap:" + tap);
                SimulatedGuest guest = SimulatedGuest.connect(backend.socket("a"), GuestOptions.DEFAULTS)) {
            assertWithoutRights(backend);
            ProcessHandle broker = ProcessHandle.of(backend.pid())
                    .flatMap(process -> process.children().findFirst())
                    .orElseThrow();
            host.take(tap, "198.18.7.1/24");
            try (Child ping = host.start("ping", "-c", "1", "-W", "1", "198.18.7.2")) {
                Pause.until("the host asks who has the address", LIMIT, () -> backend.counter("t", "in.frames") > 0);
                assertTrue(ping.pid() > 0);
            }
            long before = backend.counter("t", "out.frames");
            byte[] frame = new byte[60];
            Arrays.fill(frame, 0, 6, (byte) 0xff);
            frame[6] = 2;
            assertTrue(guest.transmitQueue(0).send(frame));
            guest.transmitQueue(0).flush();
            Pause.until("the frame comes to the host", LIMIT, () -> backend.counter("t", "out.frames") > before);
            backend.end();
            Pause.until("the other process ends", LIMIT, () -> !broker.isAlive());
        }
    }

    private Path write(String... ports) throws IOException {
        List<String> lines = new ArrayList<>(List.of("sandbox: true", "ports:"));
        lines.addAll(List.of(ports));
        return Files.write(folder.resolve("annulet.yaml"), lines);
    }

    private String guest(String name) {
        return "  " + name + ": {kind: vhost-user, target: " + BackendProcess.socket(folder, name) + "}";
    }

    private static void reload(BackendProcess backend, String expected) {
        long mark = backend.logMark();
        try (Child kill = Child.run(List.of("kill", "-HUP", Long.toString(backend.pid())))) {
            assertEquals(0, kill.awaitEnd(LIMIT), kill::text);
        }
        Pause.until(
                expected, LIMIT, () -> String.join("\n", backend.logSince(mark)).contains(expected));
    }

    /** Ports that are in the file later, too: a guest's by itself, a tap that was allowed by the broker, no other one. */
    @Test
    @Tag("root")
    void aFileSaysWhatIsServedAndMayAddPorts() throws IOException {
        Namespace.obstacle().ifPresent(why -> assumeTrue(false, why));
        assumeFalse(ReloadTest.isHangUpIgnored(), "SIGHUP is ignored here, and so it is by what is started from here");
        String prefix = "annsc" + ProcessHandle.current().pid() % 100_000;
        String tap = "  t: {kind: tap, target: " + prefix + "x}";
        try (BackendProcess backend = BackendProcess.start(
                folder, "--config", write(guest("a")).toString(), "--sandbox-allow", "tap:" + prefix + "*")) {
            write(guest("a"), guest("b"), tap);
            reload(backend, "added: b, t");
            write(guest("a"), guest("b"), tap, "  u: {kind: tap, target: other0}");
            reload(backend, "name it at the start: --sandbox-allow tap:other0");
            write(guest("a"), guest("b"), tap, "  n: {kind: vhost-user, target: /missing/n.sock}");
            reload(backend, "open port n: listen on /missing/n.sock");
            try (SimulatedGuest one = SimulatedGuest.connect(backend.socket("a"), GuestOptions.DEFAULTS);
                    SimulatedGuest other = SimulatedGuest.connect(backend.socket("b"), GuestOptions.DEFAULTS)) {
                new PacedTraffic(one, PacedTraffic.mac(1), other, PacedTraffic.mac(2), PacedTraffic.WINDOW)
                        .exchange(200, number -> 60 + number, LIMIT);
            }
            assertWithoutRights(backend);
            backend.end();
        }
    }

    @Test
    @Tag("root")
    void interfacesAreServedByXdpWithoutTheRightToTakeThem() throws IOException {
        Namespace.obstacle().ifPresent(why -> assumeTrue(false, why));
        assumeTrue(XdpSocket.isKnown(), "this kernel has no AF_XDP");
        try (Namespace left = Namespace.create();
                Namespace right = Namespace.create()) {
            String leftCable = left.addCable("198.18.8.1/30");
            String rightCable = right.addCable("198.18.8.2/30");
            try (BackendProcess backend = BackendProcess.start(
                    folder,
                    "--sandbox",
                    "--port",
                    "l=af_xdp:" + leftCable,
                    "--port",
                    "r=af_xdp:" + rightCable,
                    "--link",
                    "l=r")) {
                // Where the limit of locked memory cannot be raised, the right to lock memory is the one that is kept.
                assertWithoutRights(backend, "0000000000000000|0000000000004000");
                String said = left.run("ping", "-c", "3", "-i", "0.2", "-W", "10", "198.18.8.2");
                assertTrue(said.contains(" 3 received"), said);
                backend.end();
            }
        }
    }

    private static List<Path> threads(long pid) throws IOException {
        try (Stream<Path> tasks = Files.list(Path.of("/proc", Long.toString(pid), "task"))) {
            return tasks.toList();
        }
    }

    private static void assertWithoutRights(Path thread, String capabilities) throws IOException {
        Map<String, String> status = Files.readAllLines(thread.resolve("status")).stream()
                .map(line -> line.split(":\\s*", 2))
                .collect(Collectors.toMap(words -> words[0], words -> words[1], (one, other) -> one, TreeMap::new));
        String name = status.get("Name");
        for (String set : List.of("CapEff", "CapPrm", "CapBnd")) {
            String held = String.valueOf(status.get(set));
            assertTrue(held.matches(capabilities), () -> name + " has " + set + " " + held);
        }
        assertEquals("1", status.get("NoNewPrivs"), name);
        assertEquals("2", status.get("Seccomp"), name);
    }

    /** Calls what is forbidden, in a JVM that was executed by one that had given up its rights. */
    @Test
    void whatWasGivenUpFails() {
        try (Child probe = Child.java(List.of(SandboxProbe.class.getName(), folder.toString()))) {
            assertEquals(0, probe.awaitEnd(Duration.ofSeconds(60)), probe::text);
            assertTrue(probe.text().contains("write inside: done"), probe::text);
            assertTrue(probe.text().contains("write outside: refused"), probe::text);
            assertTrue(probe.text().contains("execute: refused"), probe::text);
            assertTrue(probe.text().contains("capabilities: 0"), probe::text);
        }
    }
}
