package io.annulet.backend;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.annulet.backend.control.VhostUserOptions;
import io.annulet.backend.data.PollMode;
import io.annulet.backend.port.PcapPortOptions;
import io.annulet.backend.port.PcapPortOptions.Direction;
import io.annulet.backend.port.PcapPortOptions.Pace;
import io.annulet.backend.stats.CountersFile;
import io.annulet.backend.stats.CountersFileReader;
import io.annulet.linux.UnixSocket;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.BitSet;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(value = 60, unit = TimeUnit.SECONDS)
final class BackendTest {

    private static final int FRAME_BYTES = 60;

    @TempDir
    private Path directory;

    private Path counters = Path.of("");

    @BeforeEach
    void chooseTheCountersFile() {
        counters = directory.resolve("counters");
    }

    private PortOptions guest(String name) {
        return new PortOptions.Guest(VhostUserOptions.server(name, directory.resolve(name + ".sock")));
    }

    private BackendOptions options(PollMode poll, BitSet cpus, List<LinkOptions> links, PortOptions... ports) {
        return new BackendOptions(List.of(ports), links, 0, cpus, poll, counters);
    }

    private BackendOptions options(PortOptions... ports) {
        return options(PollMode.ADAPTIVE, new BitSet(), List.of(), ports);
    }

    @Test
    void opensEverythingAndLeavesNothing() throws Exception {
        Backend backend = new Backend(options(guest("a"), new PortOptions.Loopback("echo")));
        backend.start();
        UnixSocket.connect(directory.resolve("a.sock")).close();
        try (CountersFileReader reader = CountersFileReader.open(counters)) {
            assertEquals(
                    List.of("a", "echo"), List.copyOf(reader.snapshot().ports().keySet()));
            assertEquals(
                    List.of("worker-0"), List.copyOf(reader.snapshot().workers().keySet()));
        }
        backend.close();
        assertNothingIsLeft();
    }

    /** No file, and no thread that does not end by itself. */
    private void assertNothingIsLeft() throws Exception {
        try (Stream<Path> left = Files.list(directory)) {
            assertEquals(List.of(), left.toList());
        }
        for (Thread thread : Thread.getAllStackTraces().keySet()) {
            String name = thread.getName();
            if (name.startsWith("worker-") || name.startsWith("control")) {
                assertTrue(thread.join(Duration.ofSeconds(5)), name);
            }
        }
    }

    @Test
    void framesCrossAStraightLink() throws Exception {
        byte[] recorded = pcap(100);
        Path from = directory.resolve("from.pcap");
        Path to = directory.resolve("to.pcap");
        Files.write(from, recorded);
        PortOptions in = new PortOptions.Pcap("in", new PcapPortOptions(from, Direction.READ, Pace.FAST));
        PortOptions out = new PortOptions.Pcap("out", PcapPortOptions.write(to));
        try (Backend backend =
                new Backend(options(PollMode.SLEEP, new BitSet(), List.of(new LinkOptions("in", "out")), in, out))) {
            backend.start();
            awaitOutFrames(100);
        }
        assertEquals(recorded.length, Files.size(to));
        assertArrayEquals(frame(recorded, 99), frame(Files.readAllBytes(to), 99));
    }

    private void awaitOutFrames(long frames) throws IOException {
        try (CountersFileReader reader = CountersFileReader.open(counters)) {
            while (reader.snapshot().ports().getOrDefault("out", Map.of()).getOrDefault("out.frames", 0L) < frames) {
                Thread.onSpinWait();
            }
        }
    }

    /** A file of broadcast frames that are told apart by their last byte. */
    private static byte[] pcap(int frames) {
        ByteBuffer file = ByteBuffer.allocate(24 + frames * (16 + FRAME_BYTES)).order(ByteOrder.LITTLE_ENDIAN);
        file.putInt(0xa1b2c3d4).putShort((short) 2).putShort((short) 4);
        file.putInt(0).putInt(0).putInt(262_144).putInt(1);
        for (int i = 0; i < frames; i++) {
            file.putInt(1).putInt(i).putInt(FRAME_BYTES).putInt(FRAME_BYTES);
            byte[] frame = new byte[FRAME_BYTES];
            Arrays.fill(frame, 0, 6, (byte) -1);
            frame[FRAME_BYTES - 1] = (byte) i;
            file.put(frame);
        }
        return file.array();
    }

    private static byte[] frame(byte[] file, int index) {
        int end = 24 + (index + 1) * (16 + FRAME_BYTES);
        return Arrays.copyOfRange(file, end - FRAME_BYTES, end);
    }

    @Test
    void everyPollModeStartsAndEndsPromptly() throws Exception {
        for (PollMode poll : PollMode.values()) {
            long before = System.nanoTime();
            Backend backend = new Backend(options(poll, new BitSet(), List.of(), guest("a")));
            backend.start();
            long started = System.nanoTime();
            backend.close();
            long millis = TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - started);
            assertTrue(millis < 1_000, () -> poll + ": closing took " + millis + " ms");
            assertTrue(started > before);
        }
        assertNothingIsLeft();
    }

    @Test
    void eachDomainHasAWorkerOnItsProcessor() {
        BitSet cpus = new BitSet();
        cpus.set(0);
        BackendOptions options = options(
                PollMode.ADAPTIVE, cpus, List.of(new LinkOptions("a", "b")), guest("a"), guest("b"), guest("c"));
        try (Backend backend = new Backend(options)) {
            backend.start();
            assertEquals(1, options.workerCount());
        }
    }

    @Test
    void aPortThatCannotBeOpenedClosesTheOthersAgain() throws Exception {
        PortOptions lost = new PortOptions.Guest(
                VhostUserOptions.server("b", directory.resolve("missing").resolve("b.sock")));
        BackendException e = assertThrows(BackendException.class, () -> new Backend(options(guest("a"), lost)).start());
        assertTrue(String.valueOf(e.getMessage()).contains("open port b: "), e::toString);
        assertTrue(String.valueOf(e.getMessage()).contains("check that its directory exists"), e::toString);
        assertNothingIsLeft();
    }

    @Test
    void aSocketInUseIsNamed() throws Exception {
        try (Backend first = new Backend(options(guest("a")))) {
            first.start();
            counters = directory.resolve("others");
            BackendException e = assertThrows(BackendException.class, () -> new Backend(options(guest("a"))).start());
            assertTrue(String.valueOf(e.getMessage()).contains("a.sock: Address already in use"), e::toString);
        }
        assertNothingIsLeft();
    }

    @Test
    void aProcessorThatIsNotThereIsNamed() throws Exception {
        BitSet cpus = new BitSet();
        cpus.set(8000);
        BackendException e = assertThrows(
                BackendException.class,
                () -> new Backend(options(PollMode.ADAPTIVE, cpus, List.of(), guest("a"))).start());
        assertTrue(String.valueOf(e.getMessage()).contains("pin worker-0 to processors 8000"), e::toString);
        assertNothingIsLeft();
    }

    @Test
    void aCountersFileInUseIsNamed() throws Exception {
        try (CountersFile other = CountersFile.create(counters, 1)) {
            BackendException e = assertThrows(BackendException.class, () -> new Backend(options(guest("a"))).start());
            assertEquals(
                    "make the counters file " + other.path()
                            + ": it is there already; choose another file with --counters PATH",
                    e.getMessage());
        }
        assertNothingIsLeft();
    }

    @Test
    void closingWithoutStartingOrTwiceDoesNothing() throws Exception {
        Backend backend = new Backend(options(guest("a")));
        backend.close();
        backend.start();
        backend.close();
        backend.close();
        assertThrows(IllegalStateException.class, backend::start);
        assertNothingIsLeft();
    }

    @Test
    void descriptorsAreGivenBack() throws IOException {
        startAndClose();
        long before = openDescriptors();
        for (int i = 0; i < 20; i++) {
            startAndClose();
        }
        assertEquals(before, openDescriptors());
    }

    private void startAndClose() {
        try (Backend backend = new Backend(options(guest("a"), new PortOptions.Loopback("echo")))) {
            backend.start();
        }
    }

    private static long openDescriptors() throws IOException {
        try (Stream<Path> descriptors = Files.list(Path.of("/proc/self/fd"))) {
            return descriptors.count();
        }
    }
}
