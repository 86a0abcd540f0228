package io.annulet.journey;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.annulet.cli.ctl.ApiClient;
import io.annulet.guest.GuestOptions;
import io.annulet.guest.SimulatedGuest;
import io.netty.handler.codec.http.HttpMethod;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What people learn of a back-end that serves guests, by its API and by {@code annulet ctl}. */
@Timeout(120)
final class ControlApiTest {

    private static final Duration LIMIT = Duration.ofSeconds(60);
    private static final int FRAMES = 500;

    @TempDir
    private Path folder;

    private Path api() {
        return folder.resolve("api.sock");
    }

    private BackendProcess start() {
        return BackendProcess.start(
                folder,
                "--api",
                api().toString(),
                "--port",
                BackendProcess.guestPort(folder, "a"),
                "--port",
                BackendProcess.guestPort(folder, "b"),
                "--port",
                "echo=loopback,switch=other");
    }

    private JsonNode get(String path) throws IOException {
        return new ApiClient(api(), LIMIT).json(HttpMethod.GET, path, null);
    }

    @Test
    void tellsOfSessionsRingsAddressesAndFeaturesAndItsCountersBalance() throws IOException {
        try (BackendProcess backend = start();
                SimulatedGuest a = SimulatedGuest.connect(backend.socket("a"), GuestOptions.DEFAULTS);
                SimulatedGuest b = SimulatedGuest.connect(backend.socket("b"), GuestOptions.DEFAULTS)) {
            new PacedTraffic(a, PacedTraffic.mac(1), b, PacedTraffic.mac(2), PacedTraffic.WINDOW)
                    .exchange(FRAMES, number -> 100, LIMIT);
            assertTrue(get("/v1/ports/a").path("attached").booleanValue());
            JsonNode session = get("/v1/ports/a/session");
            assertEquals(ProcessHandle.current().pid(), session.path("process").longValue());
            JsonNode rings = get("/v1/ports/a/rings").path("rings");
            assertEquals("started enabled", rings.path(1).path("state").asText());
            assertEquals(FRAMES, rings.path(1).path("usedPosition").intValue(), rings::toString);
            assertEquals(0, rings.path(1).path("available").intValue(), rings::toString);
            JsonNode addresses = get("/v1/switches/default").path("addresses");
            assertEquals(List.of("a", "b"), addresses.findValuesAsText("port"));
            JsonNode features = get("/v1/ports/a/features").path("features");
            for (JsonNode feature : features) {
                if (feature.path("name").asText().equals("NET_MQ")) {
                    assertEquals(
                            "the port has one queue pair: say queues=N",
                            feature.path("why").asText());
                }
            }
            assertBalanced(new String(
                    new ApiClient(api(), LIMIT).bytes(HttpMethod.GET, "/metrics", null), StandardCharsets.UTF_8));
            backend.end();
        }
    }

    /** That every frame in was forwarded, or dropped with a reason. */
    static void assertBalanced(String metrics) {
        assertTrue(metrics.endsWith("# EOF\n"), metrics);
        for (String port : List.of("a", "b")) {
            long in = sum(metrics, "annulet_port_in_frames_total", port);
            long forwarded = sum(metrics, "annulet_port_in_forwarded_total", port);
            long dropped = sum(metrics, "annulet_port_in_dropped_total", port);
            assertTrue(in >= FRAMES, metrics);
            assertEquals(in, forwarded + dropped, () -> port + ": " + metrics);
        }
    }

    private static long sum(String metrics, String name, String port) {
        Matcher samples =
                Pattern.compile(name + "\\{port=\"" + port + "\"[^}]*} (\\d+)").matcher(metrics);
        long sum = 0;
        while (samples.find()) {
            sum += Long.parseLong(samples.group(1));
        }
        return sum;
    }

    @Test
    void ctlShowsTablesAndJson() {
        try (BackendProcess backend = start()) {
            String table = ctl(0, "ports");
            assertTrue(
                    table.lines().anyMatch(line -> line.matches("a +vhost-user +\\S+a.sock +switch default +0 +no")),
                    table);
            assertTrue(ctl(0, "--json", "status").contains("\"workers\":[\"worker-0\"]"));
            assertTrue(ctl(0, "features", "a").contains("say queues=N"));
            assertTrue(ctl(0, "metrics").contains("annulet_port_in_frames_total{port=\"a\"} 0"));
            assertTrue(ctl(2, "rings", "x").contains("there is no port of this name; there are a, b, echo"));
            assertTrue(ctl(2, "rings", "echo").contains("is not a guest's"));
            backend.end();
        }
        assertTrue(ctl(2, "ports").contains("no back-end serves its API at"));
    }

    @Test
    void ctlCapturesExplainsAndShowsTheFlightRecord() throws IOException {
        Path file = folder.resolve("dropped.pcapng");
        try (BackendProcess backend = start()) {
            String begun = ctl(0, "capture", file + ",port=a,drop=any");
            assertTrue(begun.contains("running"), begun);
            assertTrue(ctl(0, "captures").contains(file.toString()));
            assertTrue(ctl(2, "capture", file + ",nonsense=1").contains("nonsense"));
            assertTrue(ctl(0, "stop-capture", "1").contains("ended"));
            assertTrue(Files.size(file) > 0);
            String explained = ctl(0, "explain", "a", "ffffffffffff525400000001" + "0800" + "00".repeat(50));
            assertTrue(explained.contains("delivered"), explained);
            String flight = ctl(0, "flight", "a");
            assertEquals(
                    "annulet-flight-1",
                    new JsonMapper().readTree(flight).path("format").asText());
            backend.end();
        }
    }

    @Test
    void theLauncherHasCtlToo() {
        assumeTrue(Launcher.isReady(), "./annulet is not built, or would build first: run ./annulet build");
        try (BackendProcess backend = start();
                Child ctl = Child.run(
                        List.of(Launcher.path().toString(), "ctl", "--socket", api().toString(), "--json", "ports"))) {
            assertEquals(0, ctl.awaitEnd(LIMIT), ctl::text);
            assertTrue(ctl.text().contains("{\"ports\":[{\"name\":\"a\""), ctl::text);
            backend.end();
        }
    }

    private String ctl(int status, String... words) {
        List<String> command = new ArrayList<>(List.of("io.annulet.cli.Main", "ctl", "--socket", api().toString()));
        command.addAll(List.of(words));
        try (Child child = Child.java(command)) {
            int ended = child.awaitEnd(LIMIT);
            assertEquals(status, ended, child::text);
            return child.text();
        }
    }
}
