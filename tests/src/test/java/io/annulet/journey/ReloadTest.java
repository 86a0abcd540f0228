package io.annulet.journey;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeFalse;

import com.fasterxml.jackson.databind.JsonNode;
import io.annulet.cli.CommandFailure;
import io.annulet.cli.ctl.ApiClient;
import io.annulet.guest.GuestOptions;
import io.annulet.guest.SimulatedGuest;
import io.netty.handler.codec.http.HttpMethod;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Back-ends that are changed while guests send: by their configuration file, and by the API. */
@Timeout(120)
final class ReloadTest {

    private static final Duration LIMIT = Duration.ofSeconds(60);
    private static final int ROUNDS = 20;

    @TempDir
    private Path folder;

    private ApiClient api() {
        return new ApiClient(folder.resolve("api.sock"), LIMIT);
    }

    private Path write(String... ports) {
        List<String> lines = new ArrayList<>(List.of(
                "workers: 2", "api: {socket: " + folder.resolve("api.sock") + "}", "switches: [other]", "ports:"));
        for (String name : List.of("a", "b")) {
            lines.add("  " + name + ": {kind: vhost-user, target: " + BackendProcess.socket(folder, name) + "}");
        }
        for (String port : ports) {
            lines.add("  " + port);
        }
        try {
            return Files.write(folder.resolve("annulet.yaml"), lines);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private JsonNode reload() {
        try {
            return api().json(HttpMethod.POST, "/v1/reload", null);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private String guest(String name, String more) {
        return name + ": {kind: vhost-user, target: " + BackendProcess.socket(folder, name) + more + "}";
    }

    /** Ports come, change and go beside two guests that send all the while; the change runs on a thread of its own. */
    private void changeBeside(PacedTraffic traffic, Runnable changes) throws Exception {
        CompletableFuture<Void> done = CompletableFuture.runAsync(changes);
        while (!done.isDone()) {
            traffic.step(Long.MAX_VALUE, number -> 60 + number % 1000);
        }
        done.get(1, TimeUnit.SECONDS);
        traffic.exchange(100, number -> 60, LIMIT);
    }

    @Test
    void aReloadLosesNoFrameOfPortsThatStay() throws Exception {
        try (BackendProcess backend = BackendProcess.start(folder, "--config", write().toString());
                SimulatedGuest a = SimulatedGuest.connect(backend.socket("a"), GuestOptions.DEFAULTS);
                SimulatedGuest b = SimulatedGuest.connect(backend.socket("b"), GuestOptions.DEFAULTS)) {
            PacedTraffic traffic =
                    new PacedTraffic(a, PacedTraffic.mac(1), b, PacedTraffic.mac(2), PacedTraffic.WINDOW);
            traffic.exchange(100, number -> 60, LIMIT);
            changeBeside(traffic, () -> {
                for (int i = 0; i < ROUNDS; i++) {
                    write(guest("c", ""), "d: {kind: loopback}");
                    assertEquals(List.of("c", "d"), texts(reload().path("added")));
                    try (SimulatedGuest c = SimulatedGuest.connect(backend.socket("c"), GuestOptions.DEFAULTS)) {
                        assertEquals(0, c.receiveQueue(0).violations().total());
                    }
                    write(guest("c", ", queues: 2"), "d: {kind: loopback, vlan: 7}");
                    JsonNode difference = reload();
                    assertEquals(List.of("c"), texts(difference.path("reopened")));
                    assertEquals(List.of("d"), texts(difference.path("policies")));
                    write("d: {kind: loopback, switch: other}");
                    reload();
                    write();
                    assertEquals(List.of("d"), texts(reload().path("removed")));
                }
            });
            // Nobody else is there that frames could have gone to, but for a loopback, which sends nothing of its own.
            assertEquals(backend.counter("a", "in.frames"), backend.counter("b", "out.frames"));
            assertEquals(backend.counter("b", "in.frames"), backend.counter("a", "out.frames"));
            assertEquals(1, backend.counter("a", "sessions"));
            backend.end();
        }
    }

    private static List<String> texts(JsonNode list) {
        List<String> texts = new ArrayList<>();
        list.forEach(item -> texts.add(item.asText()));
        return texts;
    }

    @Test
    void whatCannotBeDoneWholeIsNotDoneAndToldWithItsLine() throws Exception {
        try (BackendProcess backend = BackendProcess.start(folder, "--config", write().toString())) {
            write(guest("c", ""), guest("d", ", mtu: 3"));
            assertRefused("annulet.yaml:8: port d: mtu=3: 68 to 65535");
            write(guest("c", ""), "d: {kind: vhost-user, target: /missing/d.sock}");
            assertRefused("open port d: listen on /missing/d.sock");
            Files.writeString(folder.resolve("annulet.yaml"), "workers: 1\nports: {}\n");
            assertRefused("api and sandbox cannot change while the back-end runs");
            assertFalse(Files.exists(backend.socket("c")));
            assertEquals(
                    2,
                    api().json(HttpMethod.GET, "/v1/ports", null).path("ports").size());
            backend.end();
        }
    }

    private void assertRefused(String expected) {
        try {
            throw new AssertionError("reloaded: " + reload());
        } catch (CommandFailure refused) {
            String text = refused.getMessage() + "; " + refused.remedy();
            assertTrue(text.contains(expected), text);
        }
    }

    static boolean isHangUpIgnored() throws IOException {
        return Files.readAllLines(Path.of("/proc/self/status")).stream()
                .filter(line -> line.startsWith("SigIgn:"))
                .anyMatch(line -> (Long.parseUnsignedLong(line.substring(7).strip(), 16) & 1) != 0);
    }

    @Test
    void aSignalReloadsToo() throws Exception {
        assumeFalse(
                isHangUpIgnored(), "SIGHUP is ignored here, as under nohup, and so it is by what is started from here");
        try (BackendProcess backend = BackendProcess.start(folder, "--config", write().toString())) {
            write(guest("c", ""));
            hangUp(backend);
            Pause.until("port c is open", LIMIT, () -> Files.exists(backend.socket("c")));
            write("c: {kind: nothing}");
            hangUp(backend);
            Pause.until("it is refused", LIMIT, () -> backend.log().contains("not reloaded: "));
            assertTrue(backend.log().contains("port c: there is no kind 'nothing'; use vhost-user"), backend::log);
            assertTrue(Files.exists(backend.socket("c")));
            backend.end();
        }
    }

    private static void hangUp(BackendProcess backend) {
        try (Child kill = Child.run(List.of("kill", "-HUP", Long.toString(backend.pid())))) {
            assertEquals(0, kill.awaitEnd(LIMIT));
        }
    }

    @Test
    void theApiChangesPortsLinksAndPoliciesBesideTraffic() throws Exception {
        try (BackendProcess backend = BackendProcess.start(folder, "--config", write().toString());
                SimulatedGuest a = SimulatedGuest.connect(backend.socket("a"), GuestOptions.DEFAULTS);
                SimulatedGuest b = SimulatedGuest.connect(backend.socket("b"), GuestOptions.DEFAULTS)) {
            PacedTraffic traffic =
                    new PacedTraffic(a, PacedTraffic.mac(1), b, PacedTraffic.mac(2), PacedTraffic.WINDOW);
            traffic.exchange(100, number -> 60, LIMIT);
            changeBeside(traffic, () -> {
                try {
                    for (int i = 0; i < ROUNDS; i++) {
                        for (String name : List.of("x", "y")) {
                            api().json(HttpMethod.PUT, "/v1/ports/" + name, Map.of("kind", "loopback", "vlan", 9));
                        }
                        api().json(HttpMethod.PUT, "/v1/ports/x/policy", Map.of());
                        api().json(HttpMethod.PUT, "/v1/ports/y/policy", Map.of("isolated", true));
                        api().json(HttpMethod.PUT, "/v1/ports/y/policy", Map.of());
                        api().json(HttpMethod.PUT, "/v1/links/x=y", null);
                        api().json(HttpMethod.GET, "/v1/ports/a/rings", null);
                        api().json(HttpMethod.DELETE, "/v1/links/y=x", null);
                        api().json(HttpMethod.DELETE, "/v1/ports/x", null);
                        api().json(HttpMethod.DELETE, "/v1/ports/y", null);
                    }
                } catch (IOException e) {
                    throw new UncheckedIOException(e);
                }
            });
            // A policy that a has from now on: its session stays, what it sends is dropped.
            api().json(HttpMethod.PUT, "/v1/ports/a/policy", Map.of("allow-mac", List.of("02:00:00:00:00:99")));
            long before = backend.counter("a", "in.dropped.spoofed-mac");
            for (int i = 0; i < 50; i++) {
                traffic.step(Long.MAX_VALUE, number -> 60);
            }
            Pause.until("frames are dropped", LIMIT, () -> backend.counter("a", "in.dropped.spoofed-mac") > before);
            assertEquals(1, backend.counter("a", "sessions"));
            backend.end();
        }
    }
}
