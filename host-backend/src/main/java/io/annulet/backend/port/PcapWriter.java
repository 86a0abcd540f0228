package io.annulet.backend.port;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.SeekableByteChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Writes the records of a ring to a pcap file, on a thread of its own: whenever 64 KiB wait, and at the latest 100 ms
 * after a record came. When that fails the file keeps what it has, in whole records, and no more is written.
 */
final class PcapWriter implements AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(PcapWriter.class);

    static final int RING_BYTES = 4 << 20;

    private static final int FLUSH_BYTES = 64 * 1024;
    private static final long FLUSH_NANOS = TimeUnit.MILLISECONDS.toNanos(100);
    private static final long FOR_EVER_NANOS = TimeUnit.DAYS.toNanos(1);

    /** The most that is written in one call: the room it took is free again after each. */
    private static final int RUN_BYTES = 256 * 1024;

    private final String file;
    private final SeekableByteChannel channel;
    private final FrameRing ring = new FrameRing(RING_BYTES);
    private final Background thread = new Background("pcap-writer", this::run);
    private volatile boolean ended;

    private PcapWriter(String file, SeekableByteChannel channel) {
        this.file = file;
        this.channel = channel;
    }

    /** Makes the file, or empties it. */
    static PcapWriter open(Path file) {
        try {
            return begin(
                    file.toString(),
                    FileChannel.open(
                            file,
                            StandardOpenOption.CREATE,
                            StandardOpenOption.TRUNCATE_EXISTING,
                            StandardOpenOption.WRITE));
        } catch (IOException e) {
            throw new PortException(
                    "write " + file,
                    PcapFile.reason(e),
                    "check the folder, the rights to write there and the room on the disk",
                    e);
        }
    }

    /** Takes over an open channel, and starts. */
    static PcapWriter begin(String file, SeekableByteChannel channel) throws IOException {
        PcapWriter writer = new PcapWriter(file, channel);
        boolean begun = false;
        try {
            writer.writeFully(PcapFile.header());
            writer.thread.start();
            begun = true;
            return writer;
        } finally {
            if (!begun) {
                channel.close();
            }
        }
    }

    /** Where records to be written go; this object's thread is its consumer. */
    FrameRing ring() {
        return ring;
    }

    /** Whether nothing is written any more. */
    boolean hasEnded() {
        return ended;
    }

    private void run() {
        try (channel) {
            boolean last;
            do {
                last = thread.isClosing();
                drain();
                awaitRecords();
            } while (!last);
        } catch (IOException e) {
            LOG.warn(
                    "the capture to {} is over: {}; frames that were not written yet are lost",
                    file,
                    PcapFile.reason(e));
        } finally {
            ended = true;
        }
    }

    private void awaitRecords() {
        if (!thread.isClosing()) {
            ring.awaitRecords(1, FOR_EVER_NANOS);
        }
        if (!thread.isClosing()) {
            ring.awaitRecords(FLUSH_BYTES, FLUSH_NANOS);
        }
    }

    private void drain() throws IOException {
        for (long run = ring.nextRun(RUN_BYTES); run != FrameRing.NONE; run = ring.nextRun(RUN_BYTES)) {
            writeRun(run, ring.runByteLength());
            ring.release();
        }
    }

    private void writeRun(long run, int byteLength) throws IOException {
        ByteBuffer bytes = ring.bytes(run, byteLength);
        long before = channel.position();
        try {
            writeFully(bytes);
        } catch (IOException e) {
            cutOffAfterWholeRecords(before, run, bytes.position(), e);
            throw e;
        }
    }

    private void writeFully(ByteBuffer bytes) throws IOException {
        while (bytes.hasRemaining()) {
            channel.write(bytes);
        }
    }

    private void cutOffAfterWholeRecords(long filePosition, long run, int written, IOException why) {
        int whole = 0;
        while (whole < written && whole + PcapRecord.byteLength(run + whole) <= written) {
            whole += PcapRecord.byteLength(run + whole);
        }
        try {
            channel.truncate(filePosition + whole);
        } catch (IOException e) {
            why.addSuppressed(e);
        }
    }

    /** Writes what is in the ring, as far as the file takes it within a second. */
    @Override
    public void close() {
        if (!thread.close()) {
            LOG.warn("{} takes too long to write: its last frames may be missing", file);
        }
    }
}
