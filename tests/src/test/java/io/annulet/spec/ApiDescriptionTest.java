package io.annulet.spec;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.annulet.backend.Backend;
import io.annulet.backend.BackendOptions;
import io.annulet.backend.PortOptions;
import io.annulet.backend.api.ApiRoutes;
import io.annulet.backend.data.PollMode;
import io.annulet.cli.ctl.ApiClient;
import io.annulet.guest.GuestOptions;
import io.annulet.guest.SimulatedGuest;
import io.annulet.journey.BackendProcess;
import io.netty.handler.codec.http.HttpMethod;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** That the API is what its description says: routes, rights, and every answer by its schema. */
@Timeout(120)
final class ApiDescriptionTest {

    private static final Duration LIMIT = Duration.ofSeconds(30);

    @TempDir
    private Path folder;

    @Test
    void everyRouteIsDescribedAndNothingElse() {
        Backend backend = new Backend(new BackendOptions(
                List.of(new PortOptions.Loopback("a")), List.of(), 0, new BitSet(), PollMode.ADAPTIVE, null));
        Map<String, String> routes = new TreeMap<>();
        ApiRoutes.of(backend, "test", null, null)
                .forEach(route -> routes.put(
                        route.method() + " " + route.path(),
                        route.right().name().toLowerCase(Locale.ROOT)));
        assertEquals(routes, ApiDescription.load().rights());
    }

    @Test
    void answersAreAsDescribed() throws IOException {
        ApiDescription description = ApiDescription.load();
        Path socket = folder.resolve("api.sock");
        List<String> faults = new ArrayList<>();
        int asked = 0;
        try (BackendProcess backend = BackendProcess.start(
                        folder,
                        "--api",
                        socket.toString(),
                        "--port",
                        BackendProcess.guestPort(folder, "a", "vlan=10"),
                        "--port",
                        BackendProcess.guestPort(folder, "b"),
                        "--port",
                        "l=loopback,switch=other",
                        "--port",
                        "c=loopback",
                        "--port",
                        "d=loopback",
                        "--link",
                        "c=d");
                SimulatedGuest guest = SimulatedGuest.connect(backend.socket("a"), GuestOptions.DEFAULTS)) {
            assertTrue(guest.receiveQueue(0).violations().total() == 0);
            ApiClient client = new ApiClient(socket, LIMIT);
            for (String route : description.rights().keySet()) {
                String path = route.substring(route.indexOf(' ') + 1);
                if (!route.startsWith("GET /v1/")) {
                    continue;
                }
                for (String port : List.of("a", "b", "l", "none")) {
                    ApiClient.Answer answer = client.send(
                            HttpMethod.GET,
                            path.replace("{port}", port).replace("{switch}", port.equals("none") ? port : "default"),
                            new byte[0]);
                    JsonNode json = new JsonMapper().readTree(answer.body());
                    faults.addAll(description.faults(path, "GET", answer.status(), json));
                    asked++;
                }
            }
            backend.end();
        }
        assertEquals(List.of(), faults);
        assertTrue(asked > 40, "asked " + asked + " times");
    }
}
