package io.annulet.backend.port;

import io.annulet.backend.data.FrameBurst;
import io.annulet.backend.port.PcapPortOptions.Pace;
import io.annulet.linux.EventFd;
import io.annulet.memory.HostMemory;
import java.io.IOException;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Puts the frames of a pcap file into a ring, on a thread of its own, each when it is due, and wakes the worker that is to
 * take them.
 *
 * <p>[D] The worker stores that it is going to sleep, fences, and looks into the ring; this thread publishes into the
 * ring, fences, and looks whether the worker sleeps. One of the two sees the other's store, so no wake-up is lost.
 */
final class PcapReader implements AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(PcapReader.class);

    private static final int RING_BYTES = 4 << 20;
    private static final long FOR_EVER_NANOS = TimeUnit.DAYS.toNanos(1);

    /** A longer frame is cut off to this, which is too long still: the worker drops and counts it. */
    private static final int LONGEST_BYTES = FrameBurst.MAX_FRAME_BYTES + 1;

    private final Path file;
    private final PcapInput input;
    private final Pace pace;
    private final FrameRing ring = new FrameRing(RING_BYTES);
    private final EventFd wakeUp = EventFd.create(true, 0);
    private final Background thread = new Background("pcap-reader", this::run);
    private boolean started;
    private volatile boolean workerSleeps;
    private volatile boolean failed;

    PcapReader(Path file, PcapInput input, Pace pace) {
        this.file = file;
        this.input = input;
        this.pace = pace;
    }

    /** Begins to read, the first time. */
    void start() {
        if (!started) {
            started = true;
            thread.start();
        }
    }

    /** Where the frames come; the worker is its consumer. */
    FrameRing ring() {
        return ring;
    }

    /** Readable after frames came while the worker said that it sleeps. */
    EventFd wakeUp() {
        return wakeUp;
    }

    /** Whether the file's end was not reached because of a failure. What came before it is in the ring by then. */
    boolean hasFailed() {
        return failed;
    }

    /** On the worker: it is going to sleep; true if there are frames already. */
    boolean requestWakeUp() {
        workerSleeps = true;
        HostMemory.fullFence(); // [D]
        return ring.hasNext();
    }

    /** On the worker: it is awake. */
    void suppressWakeUp() {
        workerSleeps = false;
    }

    private void run() {
        try (input) {
            long frames = replay();
            LOG.info("replayed {} frames of {}", frames, file);
        } catch (IOException e) {
            failed = true;
            LOG.warn("the replay of {} is over: {}", file, PcapFile.reason(e));
        }
    }

    private long replay() throws IOException {
        long frames = 0;
        // What to add to the time of a record for the time at which it is due.
        long delayNanos = 0;
        while (!thread.isClosing() && input.next()) {
            if (pace == Pace.RECORDED) {
                if (frames == 0) {
                    delayNanos = System.nanoTime() - input.epochNanos();
                }
                awaitTime(input.epochNanos() + delayNanos);
            }
            put(Math.min(input.frameByteLength(), LONGEST_BYTES));
            publish();
            frames++;
        }
        return frames;
    }

    private void awaitTime(long dueNanos) {
        long left = dueNanos - System.nanoTime();
        while (left > 0 && !thread.isClosing()) {
            LockSupport.parkNanos(this, left);
            left = dueNanos - System.nanoTime();
        }
    }

    private void put(int byteLength) {
        long record = ring.claim(byteLength);
        while (record == FrameRing.NONE) {
            if (thread.isClosing()) {
                return;
            }
            ring.awaitRoom(FOR_EVER_NANOS);
            record = ring.claim(byteLength);
        }
        PcapRecord.header(record, input.epochNanos(), byteLength);
        input.copyFrame(PcapRecord.frameAddress(record), byteLength);
    }

    private void publish() {
        ring.publish();
        HostMemory.fullFence(); // [D]
        if (workerSleeps) {
            wakeUp.signal();
        }
    }

    /** Ends the replay, after the worker has left the ring. */
    @Override
    public void close() {
        if (!started) {
            closeUnread();
        } else if (!thread.close()) {
            LOG.warn("{} takes too long to read", file);
            return;
        }
        wakeUp.close();
    }

    private void closeUnread() {
        try {
            input.close();
        } catch (IOException e) {
            LOG.debug("close {}", file, e);
        }
    }
}
