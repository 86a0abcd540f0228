package io.annulet.journey;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.annulet.guest.FrameFactory;
import io.annulet.guest.GuestOptions;
import io.annulet.guest.SimulatedGuest;
import io.annulet.guest.TrafficChecker;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** QEMU, docs/interop/vhost-user.rst, "Backend program conventions". */
@Tag("slow")
@Timeout(120)
final class BackEndProgramTest {

    private static final Duration LIMIT = Duration.ofSeconds(60);
    private static final Path ROOT = Path.of(System.getProperty("annulet.root", ".."));
    private static final Path SOCKET_ACTIVATE = Path.of("/usr/bin/systemd-socket-activate");

    private static final int FRAMES = 20;
    private static final int FRAME_BYTES = 100;

    /** The back-end is started by its guest's connection. */
    private static final GuestOptions PATIENT = GuestOptions.DEFAULTS.withTimeoutNanos(LIMIT.toNanos());

    @TempDir
    private Path folder;

    /** The file by which management software finds the program: vhost-user.json, VhostUserBackend. */
    @Test
    void descriptionSaysWhatItIsAndWhereTheProgramLies() throws Exception {
        JsonNode description = new ObjectMapper()
                .readTree(ROOT.resolve("deploy/package/50-annulet-net.json").toFile());
        assertEquals("net", description.at("/type").asText());
        assertEquals(
                "/usr/libexec/annulet/vhost-user-net", description.at("/binary").asText());
        assertTrue(description.at("/description").isTextual());
    }

    @Test
    void itListensAtItsSocketPathAndEndsAtSigtermLeavingNothing() {
        Path socket = folder.resolve("net.sock");
        try (Child program = start("--socket-path=" + socket, "--uplink=loopback", "--device=queues=2")) {
            program.awaitLine("ready", LIMIT);
            connectAndGo(socket);
            connectAndGo(socket);
            program.terminate();
            assertEquals(0, program.awaitEnd(LIMIT), program::text);
            assertFalse(Files.exists(socket));
        }
    }

    /** A connection is passed as descriptor 3, as libvirt passes one: with its front-end the program ends. */
    @Test
    void itServesThePassedConnectionAndEndsWithItsFrontEnd() {
        assumeTrue(Files.isExecutable(SOCKET_ACTIVATE), "systemd-socket-activate is not installed");
        Path socket = folder.resolve("net.sock");
        List<String> words = new ArrayList<>(List.of(SOCKET_ACTIVATE.toString(), "--accept", "-l", socket.toString()));
        words.addAll(
                Child.javaCommand(List.of("io.annulet.cli.Main", "vhost-user-net", "--fd=3", "--uplink=loopback")));
        try (Child listener = Child.run(words)) {
            Pause.until("the socket is open", LIMIT, () -> Files.exists(socket));
            connectAndGo(socket);
            listener.awaitLine(0, line -> line.contains("died with code 0"), LIMIT);
            assertTrue(listener.text().contains("port guest: at the passed socket /dev/fd/3"), listener::text);
        }
    }

    /** A socket that listens is passed: front-ends may come again and again. */
    @Test
    void itListensAtThePassedSocket() {
        assumeTrue(Files.isExecutable(SOCKET_ACTIVATE), "systemd-socket-activate is not installed");
        Path socket = folder.resolve("net.sock");
        List<String> words = new ArrayList<>(List.of(SOCKET_ACTIVATE.toString(), "-l", socket.toString()));
        words.addAll(
                Child.javaCommand(List.of("io.annulet.cli.Main", "vhost-user-net", "--fd=3", "--uplink=loopback")));
        try (Child program = Child.run(words)) {
            Pause.until("the socket is open", LIMIT, () -> Files.exists(socket));
            connectAndGo(socket);
            connectAndGo(socket);
            program.terminate();
            assertEquals(0, program.awaitEnd(LIMIT), program::text);
        }
    }

    /** A guest comes, has a frame of its own come back from the loopback port, and goes. */
    private static void connectAndGo(Path socket) {
        FrameFactory frames = new FrameFactory(PacedTraffic.mac(2), PacedTraffic.mac(1), 0);
        TrafficChecker checker = new TrafficChecker(PacedTraffic.mac(2), 1);
        try (SimulatedGuest guest = SimulatedGuest.connect(socket, PATIENT)) {
            for (int i = 0; i < FRAMES; i++) {
                frames.write(guest.transmitQueue(0).reserve(), FRAME_BYTES);
                guest.transmitQueue(0).submit(FRAME_BYTES);
            }
            guest.transmitQueue(0).flush();
            Pause.until("all frames are back", LIMIT, () -> {
                guest.receiveQueue(0).receive(checker, FRAMES);
                return checker.frames() == FRAMES;
            });
            assertTrue(checker.isClean(), checker::toString);
        }
    }

    private static Child start(String... arguments) {
        List<String> words = new ArrayList<>(List.of("io.annulet.cli.Main", "vhost-user-net"));
        words.addAll(List.of(arguments));
        return Child.java(words);
    }
}
