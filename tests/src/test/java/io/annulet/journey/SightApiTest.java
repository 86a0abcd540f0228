package io.annulet.journey;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

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
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Captures, explained frames and records of a running back-end, over its API. */
@Timeout(120)
final class SightApiTest {

    @TempDir
    private Path folder;

    private ApiClient client = new ApiClient(Path.of("none"), Duration.ofSeconds(30));

    private JsonNode ask(HttpMethod method, String path, String body, int status) throws IOException {
        ApiClient.Answer answer = client.send(method, path, body.getBytes(StandardCharsets.UTF_8));
        JsonNode json = new JsonMapper().readTree(answer.body());
        assertEquals(status, answer.status(), json.toString());
        return json;
    }

    @Test
    void framesAreCapturedExplainedAndSessionsRecorded() throws IOException {
        Path socket = folder.resolve("api.sock");
        Path file = folder.resolve("frames.pcapng");
        try (BackendProcess backend = BackendProcess.start(
                        folder,
                        "--api",
                        socket.toString(),
                        "--port",
                        BackendProcess.guestPort(folder, "a", "allow-mac=52:54:00:00:00:01"),
                        "--port",
                        BackendProcess.guestPort(folder, "b"));
                SimulatedGuest guest = SimulatedGuest.connect(backend.socket("a"), GuestOptions.DEFAULTS)) {
            assertTrue(guest.features() != 0);
            client = new ApiClient(socket, Duration.ofSeconds(30));
            JsonNode begun =
                    ask(HttpMethod.POST, "/v1/captures", "{\"capture\": \"" + file + ",drop=any,port=a\"}", 200);
            assertEquals("running", begun.path("state").asText());
            assertEquals(
                    1,
                    ask(HttpMethod.GET, "/v1/captures", "", 200)
                            .path("captures")
                            .size());
            ask(HttpMethod.POST, "/v1/captures", "{\"capture\": \"x,nonsense=1\"}", 400);
            JsonNode ended =
                    ask(HttpMethod.DELETE, "/v1/captures/" + begun.path("id").asInt(), "", 200);
            assertEquals("ended", ended.path("state").asText());
            assertTrue(Files.size(file) > 0);
            ask(HttpMethod.DELETE, "/v1/captures/77", "", 404);

            String spoofed =
                    "ffffffffffff52540000000908060001080006040001" + "525400000009" + "0a000001" + "00".repeat(10);
            JsonNode why =
                    ask(HttpMethod.POST, "/v1/explain", "{\"from\": \"a\", \"frame\": \"" + spoofed + "\"}", 200);
            assertEquals("spoofed-mac", why.path("drop").asText());
            ask(HttpMethod.POST, "/v1/explain", "{\"from\": \"z\", \"frame\": \"" + spoofed + "\"}", 404);
            ask(HttpMethod.POST, "/v1/explain", "{\"from\": \"a\", \"frame\": \"xyz\"}", 400);

            JsonNode flight = ask(HttpMethod.GET, "/v1/ports/a/flight", "", 200);
            assertEquals("annulet-flight-1", flight.path("format").asText());
            assertTrue(flight.path("rings").size() >= 2, flight.path("rings").toString());
            assertTrue(flight.path("events").toString().contains("SET_FEATURES"));
            backend.end();
        }
    }
}
