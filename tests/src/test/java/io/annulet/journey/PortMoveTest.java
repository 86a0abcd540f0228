package io.annulet.journey;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.annulet.cli.CommandFailure;
import io.annulet.cli.ctl.ApiClient;
import io.annulet.guest.GuestOptions;
import io.annulet.guest.SimulatedGuest;
import io.netty.handler.codec.http.HttpMethod;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A port's policy, places in the switch and counters go with its guest to another back-end. */
@Timeout(120)
final class PortMoveTest {

    private static final Duration LIMIT = Duration.ofSeconds(60);
    private static final int FRAMES = 300;

    @TempDir
    private Path folder;

    private Path host(String name) throws IOException {
        return Files.createDirectories(folder.resolve(name));
    }

    private static BackendProcess start(Path host) {
        return BackendProcess.start(
                host,
                "--api",
                host.resolve("api.sock").toString(),
                "--port",
                BackendProcess.guestPort(host, "a"),
                "--port",
                BackendProcess.guestPort(host, "b"));
    }

    private static JsonNode ask(Path host, HttpMethod method, String path, Object body) throws IOException {
        return new ApiClient(host.resolve("api.sock"), LIMIT).json(method, path, body);
    }

    private static JsonNode get(Path host, String path) throws IOException {
        return new ApiClient(host.resolve("api.sock"), LIMIT).json(HttpMethod.GET, path, null);
    }

    private static void exchange(BackendProcess backend, int firstMac) {
        try (SimulatedGuest a = SimulatedGuest.connect(backend.socket("a"), GuestOptions.DEFAULTS);
                SimulatedGuest b = SimulatedGuest.connect(backend.socket("b"), GuestOptions.DEFAULTS)) {
            new PacedTraffic(a, PacedTraffic.mac(firstMac), b, PacedTraffic.mac(firstMac + 1), PacedTraffic.WINDOW)
                    .exchange(FRAMES, number -> 100, LIMIT);
        }
    }

    private static List<String> macsOf(Path host, String port) throws IOException {
        return get(host, "/v1/ports/" + port + "/state").path("addresses").findValuesAsText("mac");
    }

    @Test
    void policyAddressesAndCountersAreThoseOfTheOtherBackEnd() throws IOException {
        Path from = host("from");
        Path to = host("to");
        try (BackendProcess source = start(from);
                BackendProcess target = start(to)) {
            ask(from, HttpMethod.PUT, "/v1/ports/a/policy", Map.of("max-macs", 7, "rate-in", "100M"));
            exchange(source, 1);
            JsonNode state = get(from, "/v1/ports/a/state");
            assertEquals("7", state.path("policy").path("max-macs").asText());
            long sent = state.path("counters").path("in.frames").asLong();
            assertTrue(sent >= FRAMES, state::toString);

            exchange(target, 3);
            long own = get(to, "/v1/ports/b/state")
                    .path("counters")
                    .path("in.frames")
                    .asLong();
            ask(to, HttpMethod.PUT, "/v1/ports/b/state", state);
            assertEquals("7", get(to, "/v1/ports/b/policy").path("max-macs").asText());
            JsonNode loaded = get(to, "/v1/ports/b/state");
            assertEquals(own + sent, loaded.path("counters").path("in.frames").asLong(), loaded::toString);
            assertTrue(macsOf(to, "b").containsAll(macsOf(from, "a")), loaded::toString);
            assertEquals(1, macsOf(to, "a").size(), "its own");
            exchange(target, 3);
            target.end();
            source.end();
        }
    }

    @Test
    void whatIsNoStateIsRefusedAndChangesNothing() throws IOException {
        Path host = host("host");
        try (BackendProcess backend = start(host)) {
            JsonNode before = get(host, "/v1/ports/a/state");
            JsonMapper mapper = new JsonMapper();
            for (String bad : List.of(
                    "{}",
                    "{\"version\": 2}",
                    "{\"version\": 1, \"addresses\": 5}",
                    "{\"version\": 1, \"addresses\": [{\"mac\": \"01:00:00:00:00:01\", \"vlan\": 0, \"ageNanos\": 0}]}",
                    "{\"version\": 1, \"addresses\": [{\"mac\": \"x\", \"vlan\": 0, \"ageNanos\": 0}]}",
                    "{\"version\": 1, \"addresses\": [{\"mac\": \"02:00:00:00:00:01\", \"vlan\": 4095, \"ageNanos\": 0}]}",
                    "{\"version\": 1, \"addresses\": [{\"mac\": \"02:00:00:00:00:01\", \"vlan\": 0, \"ageNanos\": -1}]}",
                    "{\"version\": 1, \"counters\": {\"in.frames\": -5}}",
                    "{\"version\": 1, \"usedUpNanos\": [\"soon\"]}",
                    "{\"version\": 1, \"policy\": {\"colour\": \"red\"}}")) {
                ObjectNode body = (ObjectNode) mapper.readTree(bad);
                assertThrows(
                        CommandFailure.class, () -> ask(host, HttpMethod.PUT, "/v1/ports/a/state", body), () -> bad);
            }
            assertEquals(before, get(host, "/v1/ports/a/state"));
            backend.end();
        }
    }
}
