package io.annulet.backend.capture;

import static io.annulet.backend.port.TestFrames.frame;
import static io.annulet.backend.port.TestFrames.udp;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.annulet.backend.capture.CaptureOptions.Direction;
import io.annulet.backend.capture.CaptureOptions.Limits;
import io.annulet.backend.capture.CaptureOptions.Rotation;
import io.annulet.backend.data.Forwarder;
import io.annulet.backend.data.Link;
import io.annulet.backend.data.Switch;
import io.annulet.backend.port.CommandLine;
import io.annulet.backend.port.PcapPort;
import io.annulet.backend.port.PcapPortOptions;
import io.annulet.backend.port.PortException;
import io.annulet.backend.port.ScriptedPort;
import io.annulet.backend.port.SteppedWorker;
import io.annulet.backend.port.TestCounters;
import io.annulet.linux.Privileges;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Set;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Captures of what a worker moves between two ports, read by tshark, which takes a while to start on a busy machine. */
@Timeout(300)
final class CaptureTest {

    @TempDir
    Path folder;

    private final TestCounters counters = new TestCounters();
    private final SteppedWorker worker = new SteppedWorker();
    private final ScriptedPort a = new ScriptedPort("a", counters.of("a"));
    private final ScriptedPort b = new ScriptedPort("b", counters.of("b"));
    private final Captures captures = new Captures(1);

    @BeforeEach
    void needsReader() {
        CommandLine.assumeInstalled("tshark");
    }

    @AfterEach
    void close() {
        captures.close();
        worker.close();
        a.close();
        b.close();
    }

    /** What tshark finds in a file: a line for each frame with its interface, comment, lengths. */
    private List<String> read(Path file) {
        String said = CommandLine.check(
                "tshark",
                "-n",
                "-r",
                file.toString(),
                "-T",
                "fields",
                "-E",
                "separator=|",
                "-e",
                "frame.interface_name",
                "-e",
                "frame.comment",
                "-e",
                "frame.len",
                "-e",
                "frame.cap_len");
        return said.lines().filter(line -> line.contains("|")).toList();
    }

    /** How many frames are in a file. */
    private static int count(Path file) {
        int count = 0;
        try {
            while (count < 1000) {
                FrameSource.read(file, count + 1);
                count++;
            }
        } catch (IOException noMore) {
            return count;
        }
        return count;
    }

    private Path file(String name) {
        return folder.resolve(name);
    }

    /** Does something that waits for the worker, while it works. */
    private void whileWorking(Runnable task) {
        AtomicBoolean done = new AtomicBoolean();
        List<Throwable> failures = new ArrayList<>();
        Thread thread = Thread.ofPlatform().start(() -> {
            try {
                task.run();
            } catch (Throwable e) {
                failures.add(e);
            } finally {
                done.set(true);
            }
        });
        worker.stepUntil(done::get);
        assertEquals(List.of(), failures);
        assertTrue(thread.isDaemon() || !thread.isInterrupted());
    }

    /** Captures while frames are sent; the file is closed then. */
    private void capture(CaptureOptions options, Forwarder domain, Consumer<ScriptedPort> traffic) {
        worker.add(domain, a, b);
        whileWorking(() -> {
            captures.attach(List.of(worker.proxy()));
            captures.start(options);
        });
        traffic.accept(a);
        worker.stepOften();
        whileWorking(() -> captures.list().forEach(capture -> captures.stop(capture.id())));
    }

    private CaptureStatus status() {
        return captures.list().getFirst();
    }

    @Test
    void tsharkReadsEveryFrameBothWays() {
        Path file = file("all.pcapng");
        capture(CaptureOptions.of(file.toString()), new Link(), port -> {
            for (int i = 0; i < 100; i++) {
                port.send(frame(60 + 30 * i, i), 20);
            }
        });
        List<String> lines = read(file);
        assertEquals(200, lines.size());
        assertEquals("a|port=a dir=in queue=1 head=0 hdr=plain|60|60", lines.getFirst());
        assertEquals(
                "b|port=b dir=out queue=1 head=0 hdr=plain|60|60",
                lines.stream().filter(line -> line.startsWith("b|")).findFirst().orElseThrow());
        assertEquals(200, status().frames());
        assertEquals(0, status().missed());
        assertEquals(100, b.received.size());
    }

    @Test
    void headersThatAskForSomethingAreTold() {
        Path file = file("offload.pcapng");
        byte[] header = {1, 0, 0, 0, 0, 0, 34, 0, 6, 0, 0, 0};
        ScriptedPort asks = new ScriptedPort("asks", counters.of("asks"), 1);
        try (asks) {
            worker.add(new Link(), asks, b);
            whileWorking(() -> {
                captures.attach(List.of(worker.proxy()));
                captures.start(CaptureOptions.of(file.toString()));
            });
            asks.send(header, udp(7, 100));
            worker.stepOften();
            whileWorking(() -> captures.stop(1));
        }
        List<String> lines = read(file);
        assertEquals(
                "port=asks dir=in queue=1 head=0 hdr=needs-csum csum-start=34 csum-offset=6",
                lines.getFirst().split("\\|", -1)[1]);
        assertEquals("port=b dir=out queue=1 head=0 hdr=plain", lines.getLast().split("\\|", -1)[1]);
    }

    @Test
    void droppedFramesComeWithTheReason() {
        Path file = file("drops.pcapng");
        Switch alone = new Switch();
        worker.add(alone, a);
        whileWorking(() -> {
            captures.attach(List.of(worker.proxy()));
            captures.start(CaptureOptions.of(file.toString()));
        });
        a.send(frame(80, 1));
        worker.stepOften();
        whileWorking(() -> captures.stop(1));
        assertEquals(List.of("a|port=a dir=in queue=1 head=0 hdr=plain drop=no-destination|80|80"), read(file));
    }

    @Test
    void onlyDroppedFramesAreTakenIfOnlyTheyAreWanted() {
        Path file = file("only-drops.pcapng");
        PcapPort full = PcapPort.open("full", PcapPortOptions.read(emptyPcap()), counters.of("full"));
        worker.add(new Link(), a, full);
        whileWorking(() -> {
            captures.attach(List.of(worker.proxy()));
            captures.start(CaptureOptions.of(file.toString())
                    .withDrops(CaptureOptions.parseDrops("not-ready+no-buffer"))
                    .withSnapshot(100));
        });
        for (int i = 0; i < 40; i++) {
            a.send(frame(60_000, i));
        }
        worker.stepOften();
        whileWorking(() -> captures.stop(1));
        worker.remove(full);
        full.close();
        assertEquals(40, counters.get("full", "out.dropped.not-ready"));
        List<String> lines = read(file);
        assertEquals(40, lines.size());
        for (String line : lines) {
            assertTrue(
                    line.matches("full\\|port=full dir=out queue=1 head=[0-9]+ hdr=plain drop=not-ready\\|60000\\|100"),
                    line);
        }
    }

    /** One whose port drops what is sent to it. */
    private Path emptyPcap() {
        try {
            return Files.write(
                    file("empty.pcap"), HexFormat.of().parseHex("4d3cb2a1020004000000000000000000ffff000001000000"));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Test
    void portsDirectionsAndFiltersChoose() {
        Path file = file("chosen.pcapng");
        CaptureOptions options = CaptureOptions.of(file.toString())
                .withPorts(Set.of("b"))
                .withDirection(Direction.OUT)
                .withFilter(FrameFilter.parse("udp port 7"));
        capture(options, new Link(), port -> {
            for (int i = 0; i < 20; i++) {
                port.send(udp(i, 100), 30);
            }
        });
        assertEquals(List.of("b|port=b dir=out queue=1 head=14 hdr=plain|100|100"), read(file));
    }

    @Test
    void aLimitEndsTheCaptureByItself() {
        Path file = file("limited.pcapng");
        CaptureOptions options = CaptureOptions.of(file.toString()).withLimits(new Limits(10, 0, Duration.ZERO));
        worker.add(new Link(), a, b);
        whileWorking(() -> {
            captures.attach(List.of(worker.proxy()));
            captures.start(options);
        });
        for (int i = 0; i < 50; i++) {
            a.send(frame(100, i));
        }
        worker.stepUntil(() -> status().state() == CaptureStatus.State.ENDED);
        assertEquals(10, read(file).size());
        assertEquals("it has its 10 frames", status().why());
        worker.stepUntil(() -> b.received.size() == 50);
    }

    @Test
    void filesRotateAndTheOldestGo() throws IOException {
        CaptureOptions options = CaptureOptions.of(file("many.pcapng").toString())
                .withDirection(Direction.IN)
                .withRotation(new Rotation(10_000, Duration.ZERO, 3));
        capture(options, new Link(), port -> {
            for (int i = 0; i < 100; i++) {
                port.send(frame(1000, i));
            }
        });
        try (Stream<Path> left = Files.list(folder)) {
            List<Path> files = left.sorted().toList();
            assertEquals(3, files.size(), files.toString());
            int inFile = count(files.getFirst());
            assertEquals(inFile, count(files.get(1)));
            assertTrue(Files.size(files.get(1)) >= 10_000 && Files.size(files.get(1)) < 12_000);
            int last = (100 + inFile - 1) / inFile;
            assertEquals(
                    String.format("many-%05d.pcapng", last),
                    String.valueOf(files.getLast().getFileName()));
            assertEquals(100 - (last - 1) * inFile, count(files.getLast()));
        }
    }

    @Test
    void framesAreMissedAndCountedWhenNobodyWrites() {
        worker.add(new Link(), a, b);
        CaptureShard shard =
                new CaptureShard(CaptureOptions.of("nowhere").withDirection(Direction.IN), new Interfaces(), 0);
        worker.proxy().observe(shard, () -> {});
        for (int i = 0; i < 200; i++) {
            a.send(frame(60_000, 1));
            worker.stepUntil(() -> a.takeSent() == 1);
            a.forgetSent();
        }
        assertEquals(200, b.received.size(), "the traffic loses none");
        assertEquals(200 - (long) CaptureShard.RING_BYTES / (60_000 + 48), shard.missed());
        assertEquals(shard.missed(), counters.get("a", "capture.missed"));
    }

    @Test
    @Tag("root")
    void aFullDiskCostsCapturedFramesOnlyAndTheCaptureGoesOnWhenThereIsRoom() throws IOException {
        assumeTrue(Privileges.effectiveUserId() == 0, "mounting a small file system needs root");
        Path disk = Files.createDirectory(file("disk"));
        CommandLine.check("mount", "-t", "tmpfs", "-o", "size=128k", "none", disk.toString());
        try {
            Path ballast = disk.resolve("ballast");
            Files.write(ballast, new byte[64 * 1024]);
            Path file = disk.resolve("frames.pcapng");
            worker.add(new Link(), a, b);
            whileWorking(() -> {
                captures.attach(List.of(worker.proxy()));
                captures.start(CaptureOptions.of(file.toString()).withDirection(Direction.IN));
            });
            for (int i = 0; i < 100; i++) {
                a.send(frame(1000, i));
            }
            worker.stepUntil(() -> status().state() == CaptureStatus.State.DISK_FULL);
            worker.stepUntil(() -> b.received.size() == 100);
            assertTrue(status().missed() > 0);
            Files.delete(ballast);
            worker.stepUntil(() -> status().state() == CaptureStatus.State.RUNNING);
            a.send(frame(99, 1));
            worker.stepUntil(() -> b.received.size() == 101);
            whileWorking(() -> captures.stop(1));
            List<String> lines = read(file);
            assertEquals(status().frames(), lines.size());
            assertEquals(101, status().frames() + status().missed());
            assertTrue(lines.getLast().endsWith("|99|99"), lines.getLast());
        } finally {
            captures.close();
            CommandLine.check("umount", disk.toString());
        }
    }

    @Test
    void aFileThatCannotBeMadeIsToldWithTheRemedy() {
        PortException refused = assertThrows(
                PortException.class,
                () -> captures.start(CaptureOptions.of(file("no/such.pcapng").toString())));
        assertTrue(String.valueOf(refused.getMessage()).contains("no such folder; check the folder"));
        assertFalse(captures.list().iterator().hasNext());
    }
}
