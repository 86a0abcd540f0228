package io.annulet.backend.port;

import io.annulet.backend.data.FrameBurst;
import io.annulet.backend.data.FrameList;
import io.annulet.backend.stats.DropReason;
import io.annulet.backend.stats.PortCounters;
import io.annulet.linux.Errno;
import io.annulet.linux.IoUring;
import io.annulet.linux.Tap;

/**
 * Writes the frames of a burst to a tap with one system call, through an io_uring; owned by one worker.
 *
 * <p>A tap takes a frame while it is submitted, in the order of submission, so all have completed when the call returns and
 * nothing of a burst is left under way.
 */
final class TapUring extends TapWriter {

    /** The tap is the one file that is registered. */
    private static final int TAP = 0;

    private static final int MOST_CALLS_FOR_A_BURST = 10_000;

    private final IoUring uring;
    private int pending;

    private TapUring(IoUring uring) {
        this.uring = uring;
    }

    /** @throws io.annulet.linux.LinuxException if the kernel has no io_uring, or does not allow it */
    static TapUring open(Tap tap) {
        IoUring uring = IoUring.create(FrameBurst.CAPACITY);
        boolean complete = false;
        try {
            uring.registerFiles(tap.fd().number());
            complete = true;
            return new TapUring(uring);
        } finally {
            if (!complete) {
                uring.close();
            }
        }
    }

    @Override
    void writeAll(FrameBurst burst, FrameList frames, PortCounters counters) {
        int next = 0;
        for (int i = 0; i < frames.count(); i++) {
            int frame = frames.frame(i);
            int count = gather(burst, frame, next);
            if (count == TOO_MANY && next > 0) {
                submit(burst, counters);
                next = 0;
                count = gather(burst, frame, 0);
            }
            if (count == TOO_MANY) {
                burst.watch().lose(counters, frame, DropReason.REFUSED);
                continue;
            }
            if (pending == uring.capacity()) {
                throw new IllegalStateException("a burst is longer than the ring: " + uring);
            }
            uring.writev(TAP, vectors.address(next), count, frame);
            pending++;
            next += count;
        }
        submit(burst, counters);
    }

    /** Has the kernel take all that is in the ring, and waits until it is done with it. */
    private void submit(FrameBurst burst, PortCounters counters) {
        for (int call = 0; pending > 0; call++) {
            long taken = uring.submit(pending);
            called();
            if ((taken < 0 && taken != -Errno.EINTR && taken != -Errno.EAGAIN) || call == MOST_CALLS_FOR_A_BURST) {
                throw new IllegalStateException("the kernel took " + taken + " of " + pending + " writes: " + uring);
            }
            while (uring.nextCompletion()) {
                pending--;
                written(burst, (int) uring.tag(), uring.result(), counters);
            }
        }
    }

    @Override
    public void close() {
        uring.close();
    }
}
