package io.annulet.journey;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.annulet.linux.Capability;
import io.annulet.linux.NetworkInterface;
import io.annulet.linux.Privileges;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The commands as a user and a service manager see them: lines, statuses, what is there and what is left. */
@Timeout(value = 120, unit = TimeUnit.SECONDS)
final class RunCommandTest {

    private static final Duration END_LIMIT = Duration.ofSeconds(2);
    private static final Duration COMMAND_LIMIT = Duration.ofSeconds(60);

    @TempDir
    private Path folder;

    /** What a command that came to its end left: status, lines of each stream. */
    private record Outcome(int status, List<String> out, List<String> err) {}

    private Outcome annulet(String... arguments) throws Exception {
        Path out = Files.createTempFile(folder, "out", "");
        Path err = Files.createTempFile(folder, "err", "");
        Process process = new ProcessBuilder(command(arguments))
                .redirectOutput(out.toFile())
                .redirectError(err.toFile())
                .start();
        try {
            assertTrue(process.waitFor(COMMAND_LIMIT.toSeconds(), TimeUnit.SECONDS), "it does not end");
            return new Outcome(process.exitValue(), Files.readAllLines(out), Files.readAllLines(err));
        } finally {
            process.destroyForcibly();
            Files.delete(out);
            Files.delete(err);
        }
    }

    private static List<String> command(String... arguments) {
        Path options = Path.of(System.getProperty("annulet.root", "..")).resolve("deploy/jvm.options");
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "@" + options.toAbsolutePath().normalize(),
                "-cp",
                System.getProperty("java.class.path"),
                "io.annulet.cli.Main"));
        command.addAll(List.of(arguments));
        return command;
    }

    @Test
    void readyComesOnceEveryPortIsOpenAndSigtermLeavesNothing() throws Exception {
        long before = System.nanoTime();
        try (BackendProcess backend = BackendProcess.withPorts(folder, "a", "b")) {
            report("start to ready, without the start-up cache", System.nanoTime() - before);
            assertTrue(Files.exists(backend.socket("a")) && Files.exists(backend.socket("b")));
            assertTrue(backend.log().contains("    -chardev socket,id=a,path=" + backend.socket("a")), backend::log);
            long told = System.nanoTime();
            backend.end();
            report("SIGTERM to end", System.nanoTime() - told);
            assertTrue(System.nanoTime() - told < END_LIMIT.toNanos(), "it took longer than two seconds to end");
        }
    }

    private static void report(String what, long nanos) {
        System.out.println(what + ": " + TimeUnit.NANOSECONDS.toMillis(nanos) + " ms");
    }

    @Test
    void sigintEndsItWellToo() throws Exception {
        try (BackendProcess backend = BackendProcess.withPorts(folder, "a")) {
            new ProcessBuilder("kill", "-INT", Long.toString(backend.pid()))
                    .start()
                    .waitFor();
            backend.end();
        }
    }

    @Test
    void statShowsTheCountersOfARunningBackEnd() throws Exception {
        try (BackendProcess backend = BackendProcess.withPorts(folder, "a", "b")) {
            String counters = backend.countersFile().toString();
            Outcome text = annulet("stat", "--counters", counters);
            assertEquals(0, text.status(), text::toString);
            assertTrue(text.out().getFirst().startsWith("pid " + backend.pid() + ", "), text::toString);
            assertTrue(text.out().stream().anyMatch(line -> line.matches("a +0 +0 +0 +0 +0")), text::toString);

            Outcome json = annulet("stat", "--json", "--counters", counters);
            assertEquals(0, json.status(), json::toString);
            JsonNode report = parse(json);
            assertEquals(backend.pid(), report.at("/pid").asLong());
            assertEquals(0, report.at("/ports/a/in/frames").asLong(-1), report::toString);
            assertEquals(0, report.at("/ports/b/out/dropped/no-buffer").asLong(-1), report::toString);
            assertEquals(0, report.at("/workers/worker-0/errors").asLong(-1), report::toString);
            backend.end();

            Outcome gone = annulet("stat", "--counters", counters);
            assertEquals(2, gone.status(), gone::toString);
            assertEquals(1, gone.err().size(), gone::toString);
        }
    }

    private static JsonNode parse(Outcome outcome) throws IOException {
        return new ObjectMapper().readTree(String.join("\n", outcome.out()).getBytes(UTF_8));
    }

    @Test
    void aSocketInUseIsOneLineAndDoesNoHarm() throws Exception {
        try (BackendProcess backend = BackendProcess.withPorts(folder, "a")) {
            Outcome second = annulet("run", "--log", "error", "--port", BackendProcess.guestPort(folder, "a"));
            assertEquals(2, second.status(), second::toString);
            assertEquals(List.of(), second.out());
            assertEquals(
                    List.of("annulet run: open port a: listen on " + backend.socket("a")
                            + ": Address already in use (EADDRINUSE); check that no other process serves this socket, "
                            + "or choose another path"),
                    second.err());
            assertTrue(Files.exists(backend.socket("a")));
            backend.end();
        }
    }

    @Test
    void aWrongOptionIsOneLine() throws Exception {
        Outcome outcome = annulet("run", "--port", "a=nfs:/x");
        assertEquals(2, outcome.status());
        assertEquals(
                List.of("annulet run: port a=nfs:/x: there is no kind 'nfs'; "
                        + "use vhost-user, tap, af_xdp, vfio, pcap or loopback; see: annulet run --help"),
                outcome.err());
    }

    @Test
    void whatAKilledBackEndLeftIsTakenOver() throws Exception {
        try (BackendProcess killed = BackendProcess.withPorts(folder, "a")) {
            ProcessHandle process = ProcessHandle.of(killed.pid()).orElseThrow();
            assertTrue(process.destroyForcibly());
            process.onExit().get();
            assertTrue(Files.exists(killed.socket("a")) && Files.exists(killed.countersFile()));
        }
        try (BackendProcess next = BackendProcess.withPorts(folder, "a")) {
            next.end();
        }
    }

    @Test
    void aConfigurationFileSaysWhatOptionsSay() throws Exception {
        Path options = Files.write(
                folder.resolve("annulet.yaml"),
                List.of(
                        "# one guest",
                        "ports: {a: {kind: vhost-user, target: " + BackendProcess.socket(folder, "a") + "}}",
                        "poll: sleep"));
        try (BackendProcess backend = BackendProcess.start(folder, "--config", options.toString())) {
            assertTrue(Files.exists(backend.socket("a")));
            assertTrue(backend.log().contains("poll sleep"), backend::log);
            backend.end();
        }
    }

    @Test
    @Tag("root")
    void aTapThatItMadeIsGoneAfterwards() throws Exception {
        assumeTrue(Privileges.has(Capability.CAP_NET_ADMIN), "making a tap needs CAP_NET_ADMIN");
        String name = "run" + ProcessHandle.current().pid();
        try (BackendProcess backend =
                BackendProcess.start(folder, "--port", "host=tap:" + name + ",mtu=1400", "--port", "echo=loopback")) {
            assertEquals(1400, NetworkInterface.named(name).mtu());
            assertTrue(NetworkInterface.named(name).isUp());
            backend.end();
            assertFalse(NetworkInterface.named(name).exists());
        }
    }

    @Test
    @Tag("root")
    void withoutTheRightToMakeATapTheRemedyIsNamed() throws Exception {
        assumeTrue(Privileges.effectiveUserId() == 0, "dropping a capability needs root");
        List<String> command = new ArrayList<>(List.of("setpriv", "--bounding-set", "-net_admin", "--"));
        command.addAll(command(
                "run",
                "--log",
                "error",
                "--counters",
                folder.resolve("counters").toString(),
                "--port",
                "t=tap:no0"));
        try (Child child = Child.run(command)) {
            assertEquals(2, child.awaitEnd(COMMAND_LIMIT), child::text);
            assertEquals(
                    "annulet run: open port t: create tap no0: Operation not permitted (EPERM); "
                            + "check that this process is root or has CAP_NET_ADMIN",
                    child.text());
        }
    }

    @Test
    void doctorSaysInJsonWhetherRunHasWhatItNeeds() throws Exception {
        Outcome outcome = annulet("doctor", "--json");
        JsonNode report = parse(outcome);
        assertEquals(outcome.status() == 0, report.at("/canRun").asBoolean());
        for (JsonNode finding : report.at("/findings")) {
            boolean isWell = finding.at("/verdict").asText().equals("ok");
            assertEquals(isWell, finding.at("/remedy").asText().isEmpty(), finding::toString);
        }
    }
}
