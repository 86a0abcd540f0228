package io.annulet.backend.capture;

import io.annulet.backend.port.Background;
import io.annulet.backend.port.FrameRing;
import io.annulet.backend.port.PcapRecord;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Writes what workers copied, in the order of time, on a thread of its own, at the latest 100 ms after it came.
 *
 * <p>While the disk is full frames are missed and counted, and once a second it tries again. Any other failure ends the
 * capture. Forwarding notices neither.
 */
final class CaptureWriter {

    private static final Logger LOG = LoggerFactory.getLogger(CaptureWriter.class);

    private static final int FLUSH_BYTES = 256 * 1024;
    private static final long LOOK_NANOS = TimeUnit.MILLISECONDS.toNanos(100);
    private static final long RETRY_NANOS = TimeUnit.SECONDS.toNanos(1);

    private final CaptureOptions options;
    private final Interfaces interfaces;
    private final List<CaptureShard> shards;
    private final CaptureSink sink;
    private final Runnable onEnd;
    private final Background thread;
    private final ByteBuffer buffer;
    private final long begunNanos = System.nanoTime();
    private long fileBegunNanos = begunNanos;
    private int described;
    private long missedTold;
    private long retryNanos;
    private boolean isFull;

    // Read by others.
    private final AtomicLong frames = new AtomicLong();
    private final AtomicLong bytes = new AtomicLong();
    private final AtomicLong unwritten = new AtomicLong();
    private volatile @Nullable String endedBecause;
    private volatile boolean showsFull;

    /** @param onEnd is run on this object's thread when the capture has ended by itself */
    CaptureWriter(
            CaptureOptions options,
            Interfaces interfaces,
            List<CaptureShard> shards,
            CaptureSink sink,
            Runnable onEnd) {
        this.options = options;
        this.interfaces = interfaces;
        this.shards = shards;
        this.sink = sink;
        this.onEnd = onEnd;
        this.buffer = ByteBuffer.allocate(FLUSH_BYTES + options.snapByteLength() + 2 * Pcapng.PACKET_OVERHEAD)
                .order(ByteOrder.LITTLE_ENDIAN);
        this.thread = new Background("capture", this::run);
    }

    /** Writes the head of the file, so that it is one whatever comes, and starts. */
    void start() throws IOException {
        beginSection();
        sink.write(buffer.flip());
        bytes.set(buffer.position());
        buffer.clear();
        thread.start();
    }

    private void beginSection() {
        Pcapng.section(buffer);
        described = 0;
    }

    private void run() {
        String why = "it was stopped";
        try (sink) {
            boolean last;
            do {
                last = thread.isClosing();
                drain();
                String limit = reachedLimit();
                if (limit != null) {
                    why = limit;
                    break;
                }
                if (!last) {
                    await();
                }
            } while (!last);
        } catch (IOException e) {
            why = String.valueOf(e.getMessage());
        } finally {
            shards.forEach(CaptureShard::end);
            endedBecause = why;
            LOG.info(
                    "the capture to {} has ended: {}; {} frames, {} missed", sink.where(), why, frames.get(), missed());
            if (!thread.isClosing()) {
                onEnd.run();
            }
        }
    }

    private void await() {
        if (shards.size() == 1) {
            shards.getFirst().ring().awaitRecords(1, LOOK_NANOS);
        } else {
            LockSupport.parkNanos(this, LOOK_NANOS / 2);
        }
    }

    private @Nullable String reachedLimit() {
        CaptureOptions.Limits limits = options.limits();
        if (limits.frames() > 0 && frames.get() >= limits.frames()) {
            return "it has its " + limits.frames() + " frames";
        }
        if (limits.byteLength() > 0 && bytes.get() >= limits.byteLength()) {
            return "it has its " + limits.byteLength() + " bytes";
        }
        boolean isTimed = !limits.time().isZero();
        return isTimed && System.nanoTime() - begunNanos >= limits.time().toNanos()
                ? "its " + limits.time().toSeconds() + " s are over"
                : null;
    }

    private void drain() throws IOException {
        if (isFull && System.nanoTime() - retryNanos >= 0) {
            isFull = false;
            beginSection();
            flush();
        }
        for (CaptureShard shard = earliest(); shard != null && reachedLimit() == null; shard = earliest()) {
            long record = shard.ring().next();
            if (isFull) {
                unwritten.incrementAndGet();
            } else {
                append(record);
            }
            if (buffer.position() >= FLUSH_BYTES) {
                flush();
            }
        }
        flush();
        shards.forEach(shard -> shard.ring().release());
    }

    private @Nullable CaptureShard earliest() {
        CaptureShard found = null;
        long earliest = Long.MAX_VALUE;
        for (CaptureShard shard : shards) {
            long record = shard.ring().peek();
            if (record != FrameRing.NONE && PcapRecord.epochNanos(record) < earliest) {
                earliest = PcapRecord.epochNanos(record);
                found = shard;
            }
        }
        return found;
    }

    private void append(long record) throws IOException {
        if (isRotationDue()) {
            flush();
            sink.next();
            fileBegunNanos = System.nanoTime();
            beginSection();
        }
        while (described <= CaptureRecord.port(record)) {
            Pcapng.interfaceNamed(buffer, interfaces.name(described), options.snapByteLength());
            described++;
        }
        long missed = missed();
        String port = interfaces.name(CaptureRecord.port(record));
        Pcapng.packet(buffer, record, PcapRecord.epochNanos(record), port, missed - missedTold);
        missedTold = missed;
        frames.incrementAndGet();
    }

    private boolean isRotationDue() {
        CaptureOptions.Rotation when = options.rotation();
        long inFile = sink.byteLength() + buffer.position();
        boolean isLong = when.byteLength() > 0 && inFile >= when.byteLength();
        boolean isOld = !when.time().isZero()
                && System.nanoTime() - fileBegunNanos >= when.time().toNanos();
        return isLong || isOld;
    }

    private void flush() throws IOException {
        if (buffer.position() == 0) {
            return;
        }
        buffer.flip();
        try {
            sink.write(buffer);
            showsFull = false;
        } catch (CaptureSink.NoRoomException e) {
            long lost = packetsFrom(buffer.position());
            frames.addAndGet(-lost);
            unwritten.addAndGet(lost);
            if (!showsFull) {
                LOG.warn("no space is left for the capture {}: frames are missed until there is", sink.where());
            }
            isFull = true;
            showsFull = true;
            retryNanos = System.nanoTime() + RETRY_NANOS;
        } finally {
            bytes.addAndGet(buffer.position());
            buffer.clear();
        }
        shards.forEach(shard -> shard.ring().release());
    }

    private long packetsFrom(int position) {
        long count = 0;
        for (int at = position; at < buffer.limit(); at += buffer.getInt(at + Integer.BYTES)) {
            count += buffer.getInt(at) == Pcapng.PACKET_BLOCK ? 1 : 0;
        }
        return count;
    }

    private long missed() {
        return unwritten.get() + shards.stream().mapToLong(CaptureShard::missed).sum();
    }

    /** From any thread. */
    CaptureStatus status(int id) {
        String why = endedBecause;
        CaptureStatus.State state = why != null
                ? CaptureStatus.State.ENDED
                : showsFull ? CaptureStatus.State.DISK_FULL : CaptureStatus.State.RUNNING;
        return new CaptureStatus(
                id, options, state, sink.where(), frames.get(), bytes.get(), missed(), why == null ? "" : why);
    }

    /** Writes what is there, as far as it can be written within a second. */
    void close() {
        if (!thread.close()) {
            LOG.warn("{} takes too long to write: its last frames may be missing", sink.where());
        }
    }
}
