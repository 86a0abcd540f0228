package io.annulet.backend.port;

import static io.annulet.backend.port.TestFrames.frame;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.annulet.backend.data.FrameBurst;
import io.annulet.backend.data.Link;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.SeekableByteChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
final class PcapCaptureTest {

    @TempDir
    Path folder;

    private final TestCounters counters = new TestCounters();
    private final SteppedWorker worker = new SteppedWorker();
    private final ScriptedPort guest = new ScriptedPort("guest", counters.of("guest"));
    private final Link link = new Link();

    @AfterEach
    void close() {
        worker.close();
        guest.close();
    }

    private PcapPort capture(Path file) {
        return added(PcapPort.open("capture", PcapPortOptions.write(file), counters.of("capture")));
    }

    private PcapPort capture(SeekableByteChannel channel) throws IOException {
        return added(new PcapCapture("capture", PcapWriter.begin("a fake", channel), counters.of("capture")));
    }

    private PcapPort added(PcapPort port) {
        worker.add(link, guest, port);
        return port;
    }

    @Test
    void writesEveryFrameWithItsTime() throws IOException {
        Path file = folder.resolve("frames.pcap");
        long before = epochNanos();
        try (PcapPort port = capture(file)) {
            for (int i = 0; i < 300; i++) {
                guest.send(frame(14 + 20 * i, i), 20);
            }
            worker.stepUntil(() -> counters.get("capture", "out.frames") == 300);
            worker.remove(port);
        }
        List<PcapFiles.Captured> captured = PcapFiles.read(Files.readAllBytes(file));
        assertEquals(300, captured.size());
        long last = before;
        for (int i = 0; i < 300; i++) {
            assertArrayEquals(frame(14 + 20 * i, i), captured.get(i).frame);
            long time = captured.get(i).epochNanos;
            assertTrue(time >= last && time <= epochNanos(), () -> time + " is not now");
            last = time;
        }
        assertEquals(counters.get("capture", "out.bytes"), counters.get("capture", "copied.bytes"));
    }

    private static long epochNanos() {
        Instant now = Instant.now();
        return TimeUnit.SECONDS.toNanos(now.getEpochSecond()) + now.getNano();
    }

    @Test
    void tcpdumpReadsWhatWeWriteAndWeReadWhatItWrites() throws IOException {
        NetworkNamespace.assumeInstalled("tcpdump");
        Path file = folder.resolve("ours.pcap");
        Path copy = folder.resolve("theirs.pcap");
        try (PcapPort port = capture(file)) {
            for (int i = 0; i < 50; i++) {
                guest.send(frame(60 + 28 * i, i));
            }
            worker.stepUntil(() -> counters.get("capture", "out.frames") == 50);
            worker.remove(port);
        }
        NetworkNamespace.check("tcpdump", "-r", file.toString(), "-w", copy.toString());
        assertEquals(0xa1b2c3d4, PcapFiles.magic(copy), "it writes microseconds");
        try (PcapInput input = PcapInput.open(copy)) {
            for (PcapFiles.Captured ours : PcapFiles.read(Files.readAllBytes(file))) {
                assertTrue(input.next());
                assertEquals(ours.epochNanos / 1000 * 1000, input.epochNanos());
                assertEquals(ours.frame.length, input.frameByteLength());
                assertArrayEquals(ours.frame, PcapFiles.frame(input));
            }
            assertFalse(input.next());
        }
    }

    @Test
    void writesMoreThanItsRingHolds() throws IOException {
        Path file = folder.resolve("long.pcap");
        int frames = 3 * PcapWriter.RING_BYTES / 9000;
        try (PcapPort port = capture(file)) {
            for (int i = 0; i < frames; i++) {
                guest.send(frame(9000, 1));
                worker.stepUntil(() -> guest.takeSent() == 1);
                guest.forgetSent();
                // The writer may be held up by others on this machine.
                long written = counters.get("capture", "out.bytes");
                worker.stepUntil(() -> written - size(file) < PcapWriter.RING_BYTES / 2);
            }
            worker.remove(port);
        }
        List<PcapFiles.Captured> captured = PcapFiles.read(Files.readAllBytes(file));
        assertEquals(frames, captured.size());
        for (PcapFiles.Captured one : captured) {
            assertArrayEquals(frame(9000, 1), one.frame);
        }
    }

    @Test
    void isOnDiskSoonWithoutBeingClosed() {
        Path file = folder.resolve("soon.pcap");
        try (PcapPort port = capture(file)) {
            guest.send(frame(100, 1));
            worker.stepUntil(() -> size(file) == 24 + 16 + 100);
            worker.remove(port);
        }
    }

    private static long size(Path file) {
        try {
            return Files.size(file);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Test
    void aDiskThatDoesNotAnswerCostsFramesButNoTime() throws Exception {
        CountDownLatch answer = new CountDownLatch(1);
        FakeFile file = new FakeFile(Integer.MAX_VALUE) {
            @Override
            public int write(ByteBuffer bytes) throws IOException {
                if (content.size() > 0) {
                    awaitUninterruptibly(answer);
                }
                return super.write(bytes);
            }
        };
        int frames = 2 * PcapWriter.RING_BYTES / 60_000;
        try (PcapPort port = capture(file)) {
            for (int i = 0; i < frames; i++) {
                guest.send(frame(60_000, 1));
                worker.stepUntil(() -> guest.takeSent() == 1);
                guest.forgetSent();
            }
            long dropped = counters.get("capture", "out.dropped.no-buffer");
            assertTrue(dropped > 0 && dropped < frames, () -> dropped + " dropped");
            assertEquals(frames, dropped + counters.get("capture", "out.frames"));
            answer.countDown();
            worker.remove(port);
        }
        assertEquals(counters.get("capture", "out.frames"), file.frames().size());
    }

    @Test
    void M12_aFullDiskEndsTheCaptureAndNothingElse() throws IOException {
        int room = 24 + 3 * (16 + 1000) + 50;
        FakeFile file = new FakeFile(room);
        try (PcapPort port = capture(file)) {
            for (int i = 0; i < 10; i++) {
                guest.send(frame(1000, i));
            }
            worker.stepUntil(() -> guest.takeSent() == 10);
            worker.stepUntil(() -> !file.isOpen());
            guest.forgetSent();
            worker.stepUntil(() -> {
                guest.send(frame(1000, 11));
                return counters.get("capture", "out.dropped.refused") > 0;
            });
            worker.remove(port);
        }
        assertEquals(3, file.frames().size(), "whole records only");
        assertArrayEquals(frame(1000, 2), file.frames().get(2).frame);
    }

    @Test
    void aFrameWhoseMemoryWentAwayInTheMiddleIsForgotten() throws IOException {
        Path file = folder.resolve("lost.pcap");
        FrameBurst burst = new FrameBurst(SteppedWorker.MAX_RING_SIZE);
        try (PcapPort port = capture(file)) {
            guest.send(frame(60_000, 1));
            assertEquals(1, guest.pull(burst));
            guest.truncate();
            assertThrows(InternalError.class, () -> link.forward(guest, burst));
            assertTrue(port.recoverFromMemoryLoss());
            worker.remove(port);
        }
        assertEquals(0, PcapFiles.read(Files.readAllBytes(file)).size());
    }

    @Test
    void replacesAnEarlierFile() throws IOException {
        Path file = Files.write(folder.resolve("old.pcap"), new byte[10_000]);
        capture(file).close();
        assertEquals(0, PcapFiles.read(Files.readAllBytes(file)).size());
    }

    @Test
    void saysWhyAFileCannotBeMade() {
        Path missing = folder.resolve("missing/frames.pcap");
        assertEquals(
                "write " + missing + ": no such file or folder;"
                        + " check the folder, the rights to write there and the room on the disk",
                assertThrows(PortException.class, () -> capture(missing)).getMessage());
        assertEquals(
                "write " + folder + ": Is a directory;"
                        + " check the folder, the rights to write there and the room on the disk",
                assertThrows(PortException.class, () -> capture(folder)).getMessage());
        Path full = Path.of("/dev/full");
        assertEquals(
                "write /dev/full: No space left on device;"
                        + " check the folder, the rights to write there and the room on the disk",
                assertThrows(PortException.class, () -> capture(full)).getMessage());
    }

    @Test
    void leavesNoThreadBehind() throws IOException {
        for (int i = 0; i < 20; i++) {
            PcapWriter.begin("a fake", new FakeFile(1000)).close();
        }
        assertEquals(
                0,
                Thread.getAllStackTraces().keySet().stream()
                        .filter(thread -> thread.getName().equals("pcap-writer"))
                        .count());
    }

    private static void awaitUninterruptibly(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    /** A file on a disk of a given size. */
    private static class FakeFile implements SeekableByteChannel {

        final ByteArrayOutputStream content = new ByteArrayOutputStream();
        private final int room;
        private volatile boolean open = true;
        private long truncatedTo = Long.MAX_VALUE;

        FakeFile(int room) {
            this.room = room;
        }

        List<PcapFiles.Captured> frames() {
            byte[] bytes = content.toByteArray();
            return PcapFiles.read(Arrays.copyOf(bytes, (int) Math.min(bytes.length, truncatedTo)));
        }

        @Override
        public int write(ByteBuffer bytes) throws IOException {
            byte[] some = new byte[Math.min(bytes.remaining(), room - content.size())];
            if (some.length == 0) {
                throw new IOException("No space left on device");
            }
            bytes.get(some);
            content.writeBytes(some);
            return some.length;
        }

        @Override
        public long position() {
            return content.size();
        }

        @Override
        public SeekableByteChannel truncate(long size) {
            truncatedTo = size;
            return this;
        }

        @Override
        public int read(ByteBuffer bytes) {
            throw new UnsupportedOperationException();
        }

        @Override
        public SeekableByteChannel position(long position) {
            throw new UnsupportedOperationException();
        }

        @Override
        public long size() {
            return content.size();
        }

        @Override
        public boolean isOpen() {
            return open;
        }

        @Override
        public void close() {
            open = false;
        }
    }
}
