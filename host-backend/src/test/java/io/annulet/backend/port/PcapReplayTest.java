package io.annulet.backend.port;

import static io.annulet.backend.port.TestFrames.frame;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.annulet.backend.data.FrameBurst;
import io.annulet.backend.data.FrameList;
import io.annulet.backend.data.Link;
import io.annulet.backend.data.PollMode;
import io.annulet.backend.data.RunningWorker;
import io.annulet.backend.data.Worker;
import io.annulet.backend.data.WorkerProxy;
import io.annulet.backend.port.PcapPortOptions.Direction;
import io.annulet.backend.port.PcapPortOptions.Pace;
import io.annulet.linux.FileDescriptors;
import java.io.IOException;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

@Timeout(60)
final class PcapReplayTest {

    @TempDir
    Path folder;

    private final TestCounters counters = new TestCounters();
    private final SteppedWorker worker = new SteppedWorker();
    private final ScriptedPort guest = new ScriptedPort("guest", counters.of("guest"));

    @AfterEach
    void close() {
        worker.close();
        guest.close();
    }

    private PcapPort open(Path file, Pace pace) {
        return PcapPort.open("replay", new PcapPortOptions(file, Direction.READ, pace), counters.of("replay"));
    }

    /** Replays into the guest until {@code frames} frames were taken or dropped. */
    private void replay(Path file, Pace pace, int frames) {
        try (PcapPort port = open(file, pace)) {
            worker.add(new Link(), port, guest);
            worker.stepUntil(() -> counters.get("replay", "in.frames") == frames);
            worker.stepOften();
            worker.remove(port);
        }
        assertEquals(frames, counters.get("replay", "in.frames"));
    }

    private Path file() {
        return folder.resolve("frames.pcap");
    }

    @ParameterizedTest
    @CsvSource({"LITTLE, MICROS", "LITTLE, NANOS", "BIG, MICROS", "BIG, NANOS"})
    void readsFilesOfEitherByteOrderAndOfMicroAndNanoseconds(String byteOrder, String fraction) {
        ByteOrder order = byteOrder.equals("BIG") ? ByteOrder.BIG_ENDIAN : ByteOrder.LITTLE_ENDIAN;
        boolean micros = fraction.equals("MICROS");
        PcapFiles made = new PcapFiles(micros ? PcapFiles.MICROS : PcapFiles.NANOS, order, 1);
        long millisecond = micros ? 1000 : 1_000_000;
        for (int i = 0; i < 20; i++) {
            made.frame(4_000_000_000L, i * millisecond, frame(14 + 70 * i, i));
        }
        long before = System.nanoTime();
        replay(made.write(file()), Pace.RECORDED, 20);
        long took = System.nanoTime() - before;
        assertTrue(took >= TimeUnit.MILLISECONDS.toNanos(19), () -> "all came after " + took + " ns");
        for (int i = 0; i < 20; i++) {
            assertArrayEquals(frame(14 + 70 * i, i), guest.received.get(i));
        }
    }

    @Test
    void keepsTheGapsOfTheFile() {
        PcapFiles made = PcapFiles.ethernet();
        made.frame(100, 900_000_000, frame(100, 0));
        made.frame(101, 0, frame(100, 1));
        made.frame(90, 0, frame(100, 2));
        made.frame(101, 50_000_000, frame(100, 3));
        try (PcapPort port = open(made.write(file()), Pace.RECORDED)) {
            long start = System.nanoTime();
            worker.add(new Link(), port, guest);
            worker.stepUntil(() -> guest.received.size() >= 2);
            long second = System.nanoTime() - start;
            worker.stepUntil(() -> guest.received.size() == 4);
            long last = System.nanoTime() - start;
            assertTrue(second >= 100_000_000, () -> "100 ms took " + second + " ns");
            assertTrue(last >= 150_000_000, () -> "150 ms took " + last + " ns");
            worker.remove(port);
        }
        assertArrayEquals(frame(100, 2), guest.received.get(2));
    }

    @Test
    void replaysAsFastAsTheWorkerTakesThemWithoutLoss() {
        PcapFiles made = PcapFiles.ethernet();
        int frames = 6000;
        for (int i = 0; i < frames; i++) {
            made.frame(1000L * i, 0, frame(1514, i % 50));
        }
        replay(made.write(file()), Pace.FAST, frames);
        for (int i = 0; i < frames; i++) {
            assertArrayEquals(frame(1514, i % 50), guest.received.get(i));
        }
    }

    @Test
    void dropsFramesThatAreTooShortOrTooLong() {
        PcapFiles made = PcapFiles.ethernet();
        made.frame(1, 0, new byte[0]).frame(1, 0, new byte[13]);
        made.frame(1, 0, frame(65_557, 1)).frame(1, 0, new byte[65_558]).frame(1, 0, new byte[262_144]);
        replay(made.write(file()), Pace.RECORDED, 5);
        assertEquals(2, counters.get("replay", "in.dropped.too-short"));
        assertEquals(2, counters.get("replay", "in.dropped.too-long"));
        assertEquals(1, guest.received.size());
        assertArrayEquals(frame(65_557, 1), guest.received.getFirst());
    }

    @Test
    void aFileThatIsCutOffIsReplayedUpToThere() {
        PcapFiles made = PcapFiles.ethernet();
        made.frame(1, 0, frame(100, 1)).recordHeader(1, 0, 100).raw(new byte[99]);
        replayFailing(made.write(file()));
        replayFailing(PcapFiles.ethernet()
                .frame(1, 0, frame(100, 1))
                .raw(new byte[15])
                .write(file()));
        replayFailing(PcapFiles.ethernet()
                .frame(1, 0, frame(100, 1))
                .recordHeader(1, 0, 262_145)
                .raw(new byte[262_145])
                .write(file()));
        replayFailing(PcapFiles.ethernet()
                .frame(1, 0, frame(100, 1))
                .recordHeader(1, 0, 0xffff_ffffL)
                .raw(new byte[100])
                .write(file()));
        assertEquals(4, guest.received.size());
    }

    private void replayFailing(Path file) {
        try (PcapPort port = open(file, Pace.RECORDED)) {
            long before = counters.get("replay", "reads.failed");
            worker.add(new Link(), port, guest);
            worker.stepUntil(() -> counters.get("replay", "reads.failed") == before + 1);
            worker.stepOften();
            assertEquals(before + 1, counters.get("replay", "reads.failed"));
            worker.remove(port);
            worker.remove(guest);
        }
    }

    @Test
    void saysWhereAFileIsWrong() throws IOException {
        Path cut = PcapFiles.ethernet()
                .frame(1, 0, frame(100, 1))
                .recordHeader(1, 0, 5)
                .raw(new byte[4])
                .write(file());
        try (PcapInput input = PcapInput.open(cut)) {
            assertTrue(input.next());
            assertEquals(
                    "the file ends within the record at byte 140",
                    assertThrows(IOException.class, input::next).getMessage());
        }
        Path absurd = PcapFiles.ethernet().recordHeader(1, 0, 0x8000_0000L).write(file());
        try (PcapInput input = PcapInput.open(absurd)) {
            assertEquals(
                    "the record at byte 24 claims to hold 2147483648 bytes",
                    assertThrows(IOException.class, input::next).getMessage());
        }
        Path half = PcapFiles.ethernet().raw(new byte[10]).write(file());
        try (PcapInput input = PcapInput.open(half)) {
            assertEquals(
                    "the file ends within the record header at byte 24",
                    assertThrows(IOException.class, input::next).getMessage());
        }
    }

    @Test
    void saysWhatIsWrongWithAFileThatIsNoPcapFile() throws IOException {
        String replay = "replay " + file() + ": ";
        assertEquals(replay + "no such file or folder; check the path and the right to read the file", refusal());
        Files.write(file(), new byte[23]);
        assertEquals(replay + "it ends within the file header; name a pcap file", refusal());
        Files.writeString(file(), "#!/bin/sh and more text than a header is long");
        assertEquals(replay + "it is no pcap file; name a file that tcpdump -w or the like wrote", refusal());
        new PcapFiles(0x0a0d0d0a, ByteOrder.LITTLE_ENDIAN, 1).write(file());
        assertEquals(replay + "it is pcapng; convert it with: editcap -F pcap IN OUT", refusal());
        new PcapFiles(PcapFiles.MICROS, ByteOrder.BIG_ENDIAN, 113).write(file());
        assertEquals(replay + "its link type is 113; name a file of Ethernet frames, link type 1", refusal());
    }

    private String refusal() {
        return String.valueOf(
                assertThrows(PortException.class, () -> open(file(), Pace.FAST)).getMessage());
    }

    @Test
    void acceptsALinkTypeThatTellsOfFrameCheckSequences() {
        replay(
                new PcapFiles(PcapFiles.NANOS, ByteOrder.LITTLE_ENDIAN, 0x2400_0001)
                        .frame(1, 0, frame(60, 1))
                        .write(file()),
                Pace.FAST,
                1);
    }

    @Test
    void dropsWhatIsSentToIt() {
        try (PcapPort port = open(PcapFiles.ethernet().write(file()), Pace.FAST)) {
            worker.add(new Link(), port, guest);
            guest.send(frame(100, 1));
            worker.stepUntil(() -> counters.get("replay", "out.dropped.not-ready") == 1);
            worker.remove(port);
        }
    }

    @Test
    void wakesAWorkerThatSleeps() throws InterruptedException {
        PcapFiles made = PcapFiles.ethernet();
        int frames = 20;
        for (int i = 0; i < frames; i++) {
            made.frame(1, 100_000_000L * i, frame(100, i));
        }
        CountDownLatch arrived = new CountDownLatch(frames);
        AtomicInteger pushes = new AtomicInteger();
        FloodPort sink = new FloodPort(counters.of("sink"), frame(60, 1)) {
            @Override
            public void push(FrameBurst burst, FrameList list) {
                pushes.incrementAndGet();
                for (int i = 0; i < list.count(); i++) {
                    arrived.countDown();
                }
            }
        };
        Worker sleepy = new Worker("sleepy", 256);
        try (PcapPort port = open(made.write(file()), Pace.RECORDED);
                RunningWorker runner = new RunningWorker(sleepy, PollMode.SLEEP, e -> {})) {
            WorkerProxy proxy = runner.proxy();
            Link link = new Link();
            // The sink first: a frame that finds no other port is dropped.
            proxy.addPort(sink, link, () -> {});
            proxy.addPort(port, link, () -> {});
            assertTrue(arrived.await(30, TimeUnit.SECONDS));
            // Without wake-ups they would come in two or three bursts, each after a sleep of a second.
            assertTrue(pushes.get() > frames / 2, () -> "they came in " + pushes + " bursts");
        }
    }

    @Test
    void leavesNoThreadAndNoDescriptorBehind() {
        Path file = PcapFiles.ethernet()
                .frame(1, 0, frame(60, 1))
                .frame(1_000_000, 0, frame(60, 2))
                .write(file());
        replay(file, Pace.FAST, 2);
        int before = FileDescriptors.openCount();
        for (int i = 0; i < 20; i++) {
            open(file, Pace.RECORDED).close();
            try (PcapPort port = open(file, Pace.RECORDED)) {
                int expected = guest.received.size() + 1;
                worker.add(new Link(), port, guest);
                worker.stepUntil(() -> guest.received.size() == expected);
                worker.remove(port);
                worker.remove(guest);
            }
        }
        assertEquals(before, FileDescriptors.openCount());
        assertFalse(Thread.getAllStackTraces().keySet().stream()
                .anyMatch(thread -> thread.getName().equals("pcap-reader")));
    }
}
