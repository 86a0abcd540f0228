package io.annulet.backend.port;

import io.annulet.backend.data.FrameBurst;
import io.annulet.backend.data.FrameList;
import io.annulet.backend.data.NetHeader;
import io.annulet.backend.data.Readiness;
import io.annulet.backend.stats.PortCounters;
import io.annulet.linux.Tap;
import org.jspecify.annotations.Nullable;

/**
 * One worker's end of a queue of a tap, a descriptor that takes or gives one frame a call; owned by that worker. One end
 * of a queue is attached and reads; any may write.
 */
final class TapQueue {

    private final Tap tap;
    private final int index;
    private final TapWriter writer;
    private Readiness.@Nullable Watch watch;
    private boolean readable;

    /** @param index the queue's number in its interface */
    TapQueue(Tap tap, int index, TapPortOptions.Io io) {
        this.tap = tap;
        this.index = index;
        this.writer = io == TapPortOptions.Io.URING ? TapUring.open(tap) : new TapCalls(tap);
    }

    int index() {
        return index;
    }

    void attached(Readiness readiness) {
        watch = readiness.watch(tap.fd(), () -> readable = true);
        // Frames that were there before are no event any more.
        readable = true;
    }

    void detached() {
        Readiness.Watch watched = watch;
        if (watched != null) {
            watched.close();
            watch = null;
        }
        readable = false;
    }

    /** Whether a read may find a frame. */
    boolean isReadable() {
        return readable;
    }

    /**
     * Reads one frame, behind a virtio-net header of {@link NetHeader#BYTES}.
     *
     * <p>Any failure ends reading until the kernel reports an event again, which it does with the next frame: a queue
     * without frames, or whose interface is down or gone, is not asked over and over.
     *
     * @return the bytes read, or the negative error number: -EAGAIN if there is no frame
     */
    long read(long address, int byteLength) {
        long result = tap.read(address, byteLength);
        if (result <= 0) {
            readable = false;
        }
        return result;
    }

    /** Writes frames, and counts what became of each. */
    void write(FrameBurst burst, FrameList frames, PortCounters counters) {
        writer.write(burst, frames, counters);
    }

    /** Lets go of what writing needed; the tap is closed by whoever opened it. */
    void close() {
        writer.close();
    }
}
