package io.annulet.cli.sim;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.annulet.guest.peer.BackEndOptions;
import io.annulet.guest.peer.Fault;
import io.annulet.guest.peer.ReferenceBackEnd;
import io.annulet.vhostuser.VirtioFeature;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import picocli.CommandLine;

/** What a user of {@code annulet sim} sees, with back-ends that are right and wrong. */
@Timeout(120)
final class SimCommandTest {

    /** Enough for every fault, at a rate that a busy machine keeps up with. */
    private static final String[] BRIEFLY = {"--frames", "2000", "--rate", "20k", "--stalled-after", "700ms"};

    @TempDir
    private Path folder;

    private final StringWriter out = new StringWriter();
    private final StringWriter err = new StringWriter();

    @Test
    void measuresBetweenTwoGuests() {
        try (ReferenceBackEnd _ = start(BackEndOptions.DEFAULTS)) {
            assertEquals(0, sim(BRIEFLY, "a", "b"), this::said);
            assertTrue(out.toString().contains("received              2,000 frames"), this::said);
            assertTrue(out.toString().contains("lost                      0 frames (0 %)"), this::said);
            assertTrue(out.toString().contains("p99.9"), this::said);
            assertTrue(out.toString().contains("corrected for coordinated omission"), this::said);
            assertEquals("", err.toString(), "progress is for terminals");
        }
    }

    @Test
    void printsOneJsonObjectWithAllParametersAndResults() {
        try (ReferenceBackEnd _ = start(BackEndOptions.DEFAULTS)) {
            String[] options = {"--json", "--both-ways", "--ring", "packed", "--form", "udp", "--flows", "10"};
            assertEquals(0, sim(BRIEFLY, options, "a", "b"), this::said);
            String json = out.toString();
            assertEquals(1, json.lines().count());
            for (String expected : List.of(
                    "\"mode\":\"measure\"",
                    "\"both_ways\":true",
                    "\"form\":\"udp\"",
                    "\"flows\":10",
                    "\"ring\":\"packed\"",
                    "\"frames_per_second\":20000.0",
                    "\"offered_frames\":4000",
                    "\"arrived\":2000",
                    "\"loss_ratio\":0.0",
                    "\"p99.9\":",
                    "\"violations\":{}",
                    "\"problems\":[]",
                    "\"ok\":true")) {
                assertTrue(json.contains(expected), expected + " in " + json);
            }
        }
    }

    @ParameterizedTest
    @CsvSource({
        "DROPS, lost",
        "DUPLICATES, duplicated",
        "CORRUPTS, corrupted",
        "REORDERS, reordered",
        "CLAIMS_TOO_MANY_BYTES, more than the buffer holds",
        "STOPS_TAKING, hangs",
        "HANGS, hangs",
        "CLOSES, closed the connection"
    })
    void aFaultIsNamedAndEndsWithStatusOne(Fault fault, String name) {
        try (ReferenceBackEnd _ = start(BackEndOptions.DEFAULTS.withFault(fault, 100))) {
            assertEquals(1, sim(BRIEFLY, "a", "b"), this::said);
            String problems = String.join(
                    "\n",
                    out.toString()
                            .lines()
                            .filter(line -> line.startsWith("problem: "))
                            .toList());
            assertTrue(problems.contains(name), this::said);
            assertTrue(out.toString().contains("received"), "what was learnt is told");
        }
    }

    @Test
    void lossThatIsAllowedIsNoProblem() {
        try (ReferenceBackEnd _ = start(BackEndOptions.DEFAULTS.withFault(Fault.DROPS, 100))) {
            assertEquals(0, sim(BRIEFLY, new String[] {"--allow-loss", "1%"}, "a", "b"), this::said);
            assertEquals(1, sim(BRIEFLY, new String[] {"--allow-loss", "0.9%"}, "a", "b"), this::said);
        }
    }

    @Test
    void aBackEndThatRefusesOrIsSilentIsAProblem() {
        for (Fault fault : List.of(Fault.REFUSES, Fault.KEEPS_SILENT)) {
            out.getBuffer().setLength(0);
            try (ReferenceBackEnd _ = start(BackEndOptions.DEFAULTS.withFault(fault, 10))) {
                String[] options = {"--timeout", "300ms", "--json"};
                assertEquals(1, sim(BRIEFLY, options, "a"), this::said);
                assertTrue(out.toString().contains("\"ok\":false"), this::said);
                assertTrue(out.toString().contains("SET_"), "the message is named: " + said());
            }
        }
    }

    @Test
    void searchesForTheThroughput() {
        try (ReferenceBackEnd _ = start(BackEndOptions.DEFAULTS)) {
            String[] options = {
                "--search", "--duration", "60ms", "--warmup", "50ms", "--repeat", "1", "--max-rate", "1000",
            };
            assertEquals(0, sim(options, "a", "b"), this::said);
            assertTrue(out.toString().startsWith("trial   1      1.00 k frames/s"), this::said);
            assertTrue(out.toString().contains("\nno loss: "), this::said);
            assertTrue(out.toString().contains("\nloss of at most 0.500 %: "), this::said);
        }
    }

    @Test
    void goesThereAndBackOneFrameAtATime() {
        try (ReferenceBackEnd _ = start(BackEndOptions.DEFAULTS)) {
            assertEquals(0, sim(new String[] {"--mode", "round-trip", "--frames", "300"}, "a", "b"), this::said);
            assertTrue(out.toString().contains("there and back"), this::said);
        }
    }

    @Test
    void replaysACapture() throws Exception {
        ByteBuffer file = ByteBuffer.allocate(1000);
        file.putInt(0xa1b2c3d4)
                .putShort((short) 2)
                .putShort((short) 4)
                .putLong(0)
                .putInt(65_535)
                .putInt(1);
        for (int i = 0; i < 5; i++) {
            file.putLong(0).putInt(60 + i).putInt(60 + i).put(new byte[60 + i]);
        }
        Path capture = folder.resolve("some.pcap");
        Files.write(capture, Arrays.copyOf(file.array(), file.position()));
        try (ReferenceBackEnd _ = start(BackEndOptions.DEFAULTS)) {
            assertEquals(0, sim(BRIEFLY, new String[] {"--pcap", capture.toString()}, "a", "b"), this::said);
            assertTrue(out.toString().contains("received              2,000 frames"), this::said);
        }
        assertUsage("proven in full", "--proof", "header", "--pcap", capture.toString(), "a");
        Files.writeString(capture, "no capture at all");
        assertEquals(2, sim(BRIEFLY, new String[] {"--pcap", capture.toString()}, "a", "b"));
        assertTrue(err.toString().contains("is no pcap file"), this::said);
    }

    @Test
    void whatCannotBeDoneIsOneLineAndStatusTwo() {
        assertUsage("no socket of a back-end is given");
        assertUsage("write it like 100k", "--rate", "fast", "a", "b");
        assertUsage("one socket or pairs", "a", "b", "c");
        assertUsage("--both-ways goes with", "--both-ways", "a");
        assertUsage("--search goes with", "--search", "--mode", "echo", "a");
        assertUsage("32 bytes at least", "--size", "20", "a", "b");
        assertUsage("60 bytes at least", "--size", "59", "--form", "udp", "a");
        assertUsage("write it like 10s", "--duration", "soon", "a");
        assertUsage("is no processor", "--cpu", "first", "a");
        assertUsage(
                "no back-end at", "--timeout", "50ms", folder.resolve("nobody").toString());
        assertUsage("have nothing for TSO4", "--offload", "tso4", "--form", "udp", "--size", "9000", "a", "b");
        assertUsage("a multiple of 8", "--offload", "tso4", "--segment", "1460", "--size", "9000", "a", "b");
        assertUsage("--to goes with", "--to", "3", "a", "b");
        assertUsage("0 to 200", "--to", "300", "a");
        assertUsage("measures no latency", "--proof", "none", "--mode", "round-trip", "a");
        assertUsage("needs test frames", "--mode", "receive", "--pcap", "/dev/null", "a");
    }

    private void assertUsage(String expected, String... arguments) {
        err.getBuffer().setLength(0);
        assertEquals(2, execute(List.of(arguments)));
        assertTrue(err.toString().contains(expected), this::said);
        assertEquals(1, err.toString().lines().count(), this::said);
    }

    @Test
    void segmentsAreLeftToADeviceThatOffersIt() {
        String[] options = {"--offload", "tso6", "--size", "300,9000", "--json"};
        try (ReferenceBackEnd _ = start(BackEndOptions.DEFAULTS.with(BackEndOptions.OFFLOADS))) {
            assertEquals(0, sim(BRIEFLY, options, "a", "b"), this::said);
            assertTrue(out.toString().contains("\"form\":\"tcp6\",\"offload\":\"tso6\""), this::said);
        }
        try (ReferenceBackEnd _ = start(BackEndOptions.DEFAULTS)) {
            assertEquals(2, sim(BRIEFLY, options, "a", "b"), this::said);
            assertTrue(err.toString().contains("VIRTIO_NET_F_CSUM, VIRTIO_NET_F_GUEST_CSUM"), this::said);
        }
    }

    @Test
    void packedRingsThatAreNotOfferedAreNotReplacedBySplitOnes() {
        try (ReferenceBackEnd _ = start(BackEndOptions.DEFAULTS.without(VirtioFeature.RING_PACKED))) {
            assertEquals(2, sim(BRIEFLY, new String[] {"--ring", "packed"}, "a", "b"));
            assertTrue(err.toString().contains("does not offer packed rings"), this::said);
            assertEquals(2, sim(BRIEFLY, new String[] {"--ring", "packed", "--ring-size", "1000"}, "a", "b"));
            assertTrue(err.toString().contains("1000 descriptors has to be packed"), this::said);
        }
    }

    @Test
    void loopTellsWhatTheSimulatorCosts() {
        assertEquals(0, execute(List.of("loop", "--frames", "20000")), this::said);
        assertTrue(out.toString().contains("ns of processor time a frame"), this::said);
        out.getBuffer().setLength(0);
        assertEquals(0, execute(List.of("loop", "--frames", "20000", "--ring", "packed", "--size", "imix", "--json")));
        assertTrue(out.toString().contains("\"cpu_nanos_per_frame\":"), this::said);
        assertFalse(out.toString().contains("\"arrived\":0"), this::said);
    }

    @Test
    void withoutProofFramesAreCounted() throws Exception {
        try (ReferenceBackEnd _ = start(BackEndOptions.DEFAULTS)) {
            assertEquals(0, sim(BRIEFLY, new String[] {"--proof", "none", "--json"}, "a", "b"), this::said);
            assertTrue(out.toString().contains("\"proof\":\"none\""), this::said);
            assertTrue(out.toString().contains("\"simulator_idle_ratio\":"), this::said);
        }
    }

    private ReferenceBackEnd start(BackEndOptions options) {
        return ReferenceBackEnd.listen(List.of(folder.resolve("a"), folder.resolve("b")), options);
    }

    private int sim(String[] options, String... sockets) {
        return sim(options, new String[0], sockets);
    }

    private int sim(String[] options, String[] more, String... sockets) {
        List<String> arguments = new ArrayList<>(List.of(options));
        arguments.addAll(List.of(more));
        for (String socket : sockets) {
            arguments.add(folder.resolve(socket).toString());
        }
        return execute(arguments);
    }

    private int execute(List<String> arguments) {
        return new CommandLine(new SimCommand())
                .setOut(new PrintWriter(out))
                .setErr(new PrintWriter(err))
                .setCaseInsensitiveEnumValuesAllowed(true)
                .setParameterExceptionHandler((problem, args) -> fail(problem))
                .setExecutionExceptionHandler((problem, command, parsed) -> fail(problem))
                .execute(arguments.toArray(String[]::new));
    }

    /** As the whole command does it, whose handlers are tested with it. */
    private int fail(Exception problem) {
        err.append(String.valueOf(problem.getMessage())).append('\n');
        return 2;
    }

    private String said() {
        return out + "\n" + err;
    }
}
