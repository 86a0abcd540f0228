package io.annulet.cli.sim;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.annulet.backend.Backend;
import io.annulet.backend.BackendOptions;
import io.annulet.backend.PortOptions;
import io.annulet.backend.control.FlightFiles;
import io.annulet.backend.control.VhostUserOptions;
import io.annulet.backend.data.PollMode;
import io.annulet.guest.GuestOptions;
import io.annulet.guest.Message;
import io.annulet.guest.SimulatedGuest;
import io.annulet.guest.VhostUserFrontEnd;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.BitSet;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

/** What a front-end said is recorded, written at a fault, and said again. */
@Timeout(60)
final class SimReplayTest {

    private static final int SET_VRING_NUM = 8;
    private static final long PATIENCE_NANOS = TimeUnit.SECONDS.toNanos(10);

    @TempDir
    Path folder;

    private Backend backend() {
        PortOptions guest = new PortOptions.Guest(VhostUserOptions.server("a", folder.resolve("a.sock")));
        Backend backend = new Backend(new BackendOptions(
                List.of(guest),
                List.of(),
                1,
                new BitSet(),
                PollMode.ADAPTIVE,
                folder.resolve("counters"),
                null,
                BackendOptions.CRASH_WAIT,
                0));
        backend.recordTo(folder.resolve("flights"));
        backend.start();
        return backend;
    }

    /** A guest that sets everything up, and then says something that nobody may. */
    private void misbehave() {
        VhostUserFrontEnd frontEnd = VhostUserFrontEnd.connect(folder.resolve("a.sock"), PATIENCE_NANOS);
        try (SimulatedGuest guest = SimulatedGuest.attach(frontEnd, GuestOptions.DEFAULTS)) {
            assertTrue(guest.features() != 0);
            frontEnd.send(SET_VRING_NUM, 1, new byte[] {1, 2, 3});
            try (Message answer = frontEnd.receive(PATIENCE_NANOS)) {
                assertNull(answer, "the session ends");
            }
        }
    }

    private Path awaitRecord() throws IOException, InterruptedException {
        long deadline = System.nanoTime() + PATIENCE_NANOS;
        while (System.nanoTime() < deadline) {
            if (Files.isDirectory(folder.resolve("flights"))) {
                try (Stream<Path> files = Files.list(folder.resolve("flights"))) {
                    List<Path> found = files.filter(file -> file.toString().endsWith(".json"))
                            .toList();
                    if (!found.isEmpty()) {
                        return found.getFirst();
                    }
                }
            }
            Thread.sleep(10);
        }
        throw new AssertionError("no record was written");
    }

    private int replay(Path record, StringWriter out) {
        return new CommandLine(new SimReplayCommand())
                .setOut(new PrintWriter(out))
                .execute(record.toString(), folder.resolve("a.sock").toString());
    }

    @Test
    void aFaultIsWrittenAndCanBePlayedAgain() throws IOException, InterruptedException {
        try (Backend backend = backend()) {
            misbehave();
            Path record = awaitRecord();
            JsonNode root = new ObjectMapper().readTree(record.toFile());
            assertEquals("annulet-flight-1", root.path("format").asText());
            assertEquals("a", root.path("port").asText());
            assertTrue(root.path("events").size() > 10);
            StringWriter out = new StringWriter();
            assertEquals(0, replay(record, out), out.toString());
            assertTrue(out.toString().contains("messages played, 0 answered otherwise than then"), out.toString());
            assertTrue(backend.flights("again").containsKey("a"));
        }
    }

    @Test
    void anAnswerThatDiffersIsTold() throws Exception {
        try (Backend backend = backend()) {
            misbehave();
            Map<String, Object> dump =
                    backend.flights("a test asks").values().iterator().next().get(10, TimeUnit.SECONDS);
            ObjectMapper mapper = new ObjectMapper();
            String text = mapper.writeValueAsString(dump);
            String changed = text.replaceFirst(
                    "(\"event\":\"reply\",\"text\":\"GET_QUEUE_NUM\".*?\"payload\":\")[0-9a-f]{2}", "$1ee");
            assertTrue(!changed.equals(text), text);
            Path record = Files.writeString(folder.resolve("changed.json"), changed);
            StringWriter out = new StringWriter();
            assertEquals(1, replay(record, out));
            assertTrue(out.toString().contains("GET_QUEUE_NUM: answered with"), out.toString());
        }
    }

    @Test
    void whatIsNoRecordIsToldSo() throws IOException {
        Path record = Files.writeString(folder.resolve("other.json"), "{\"format\":\"x\"}");
        StringWriter out = new StringWriter();
        assertTrue(replay(record, out) != 0);
        assertEquals(
                folder.resolve("x.json"), FlightFiles.write(Map.of("format", FlightFiles.FORMAT), folder, "x.json"));
    }
}
