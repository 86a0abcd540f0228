package io.annulet.journey;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.JsonNode;
import io.annulet.cli.ctl.ApiClient;
import io.annulet.guest.GuestOptions;
import io.annulet.guest.SimulatedGuest;
import io.netty.handler.codec.http.HttpMethod;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Frames that leave the back-end over its API: as they come, and in the file of a capture that has ended. */
@Timeout(300)
final class LiveCaptureTest {

    private static final Duration LIMIT = Duration.ofSeconds(90);
    private static final int WANTED = 5;
    private static final int FRAMES = 1_600;
    private static final int FRAME_BYTES = 1_400;
    private static final int MEBIBYTE = 1024 * 1024;

    @TempDir
    private Path folder;

    private BackendProcess backend;

    @BeforeEach
    void start() {
        backend = BackendProcess.start(
                folder,
                "--api",
                api().toString(),
                "--port",
                BackendProcess.guestPort(folder, "a"),
                "--port",
                BackendProcess.guestPort(folder, "b"));
    }

    @AfterEach
    void end() {
        try (BackendProcess ends = backend) {
            ends.end();
        }
    }

    private Path api() {
        return folder.resolve("api.sock");
    }

    private ApiClient client() {
        return new ApiClient(api(), LIMIT);
    }

    private static List<String> ctl(Path socket, String... words) {
        List<String> command = new ArrayList<>(List.of("io.annulet.cli.Main", "ctl", "--socket", socket.toString()));
        command.addAll(List.of(words));
        return command;
    }

    private JsonNode captures() {
        try {
            return client().json(HttpMethod.GET, "/v1/captures", null).path("captures");
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    private void awaitState(String state) {
        Pause.until(
                "a capture is " + state,
                LIMIT,
                () -> captures().findValuesAsText("state").contains(state));
    }

    private void exchange(int frames, int byteLength) {
        try (SimulatedGuest a = SimulatedGuest.connect(backend.socket("a"), GuestOptions.DEFAULTS);
                SimulatedGuest b = SimulatedGuest.connect(backend.socket("b"), GuestOptions.DEFAULTS)) {
            new PacedTraffic(a, PacedTraffic.mac(1), b, PacedTraffic.mac(2), PacedTraffic.WINDOW)
                    .exchange(frames, number -> byteLength, LIMIT);
        }
    }

    @Test
    void tsharkReadsFramesFromAPipeAsTheyComeAndTheCaptureEndsWithIt() {
        assumeTrue(Files.isExecutable(Path.of("/usr/bin/tshark")), "tshark is not installed");
        String live = Child.javaCommand(ctl(api(), "capture", "port=a,dir=in", "--write", "-")).stream()
                .map(word -> "'" + word + "'")
                .collect(Collectors.joining(" "));
        String tshark = "tshark -n -l -i - -c " + WANTED + " -T fields -e frame.len -e frame.comment";
        try (Child pipe = Child.run(List.of("bash", "-c", live + " | " + tshark + "; exit ${PIPESTATUS[1]}"))) {
            awaitState("running");
            // As long as somebody reads: whoever has enough leaves, and the rest has nowhere to go.
            Pause.until("tshark has what it wanted", LIMIT, () -> {
                exchange(2 * WANTED, 100);
                return !pipe.isAlive();
            });
            assertEquals(0, pipe.awaitEnd(LIMIT), pipe::text);
            assertEquals(
                    WANTED,
                    pipe.text()
                            .lines()
                            .filter(line -> line.matches("100\\s.*port=a.*"))
                            .count(),
                    pipe::text);
        }
        awaitState("ended");
    }

    @Test
    void aCallerWhoLeavesEndsHisCaptureThoughNoFrameComes() {
        try (Child live = Child.java(
                ctl(api(), "capture", "--write", folder.resolve("live.pcapng").toString()))) {
            awaitState("running");
            live.terminate();
            awaitState("ended");
        }
    }

    @Test
    void theFileOfACaptureThatHasEndedIsTheOneThatIsCopied() throws IOException {
        Path file = folder.resolve("all.pcapng");
        JsonNode begun = client().json(HttpMethod.POST, "/v1/captures", Map.of("capture", file.toString()));
        String id = begun.path("id").asText();
        exchange(FRAMES, FRAME_BYTES);
        try (Child early =
                Child.java(ctl(api(), "save-capture", id, folder.resolve("no").toString()))) {
            assertEquals(2, early.awaitEnd(LIMIT), early::text);
            assertTrue(early.text().contains("not finished"), early::text);
        }
        client().json(HttpMethod.DELETE, "/v1/captures/" + id, null);
        Path copy = folder.resolve("copy.pcapng");
        try (Child save = Child.java(ctl(api(), "save-capture", id, copy.toString()))) {
            assertEquals(0, save.awaitEnd(LIMIT), save::text);
        }
        assertTrue(
                Files.size(copy) > 2 * MEBIBYTE, () -> "only " + copy.toFile().length() + " bytes");
        assertEquals(-1, Files.mismatch(file, copy));
        Files.delete(file);
        assertEquals(
                404,
                client().send(HttpMethod.GET, "/v1/captures/" + id + "/file", new byte[0])
                        .status());
    }

    @Test
    void topPrintsOneTableWhereThereIsNoTerminal() {
        try (Child top = Child.java(List.of("io.annulet.cli.Main", "top", "--socket", api().toString()))) {
            assertEquals(0, top.awaitEnd(LIMIT), top::text);
            assertTrue(top.text().contains("0 of 2 front-ends"), top::text);
            assertTrue(top.text().lines().anyMatch(line -> line.matches(" b( +0){7} +- +-")), top::text);
        }
    }
}
