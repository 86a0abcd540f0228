package io.annulet.backend.port;

import io.annulet.backend.data.FrameBurst;
import io.annulet.backend.data.NetHeader;
import io.annulet.backend.data.Readiness;
import io.annulet.backend.stats.DropReason;
import io.annulet.linux.Errno;
import io.annulet.linux.IoVectors;
import io.annulet.linux.Tap;
import io.annulet.vring.ChainBurst;
import org.jspecify.annotations.Nullable;

/**
 * One worker's end of a queue of a tap, a descriptor that takes or gives one frame a call; owned by that worker. One end
 * of a queue is attached and reads; any may write.
 */
final class TapQueue {

    private static final @Nullable DropReason DELIVERED = null;
    private static final int TOO_MANY = -1;

    private final Tap tap;
    private final int index;
    private final IoVectors vectors = new IoVectors(IoVectors.MAX_CAPACITY);
    private Readiness.@Nullable Watch watch;
    private boolean readable;

    /** @param index the queue's number in its interface */
    TapQueue(Tap tap, int index) {
        this.tap = tap;
        this.index = index;
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

    /**
     * Writes one frame, gathered by the kernel from the snapshot and the sender's buffers.
     *
     * @return null if the kernel took it, else why not
     */
    @Nullable
    DropReason write(FrameBurst burst, int frame) {
        int count = gather(burst, frame);
        if (count == TOO_MANY) {
            return DropReason.REFUSED;
        }
        long result = tap.writev(vectors.address(), count);
        return result >= 0 ? DELIVERED : reason((int) -result);
    }

    /** Lists header and frame; returns how many buffers that takes. */
    private int gather(FrameBurst burst, int frame) {
        vectors.set(0, burst.snapshotAddress(frame), NetHeader.BYTES + burst.snapshotFrameBytes(frame));
        ChainBurst chains = burst.chains();
        int count = 1;
        int left = burst.restByteLength(frame);
        int offset = burst.restOffset(frame);
        for (int segment = burst.restSegment(frame); left > 0; segment++) {
            int piece = Math.min(chains.segmentByteLength(segment) - offset, left);
            if (piece > 0) {
                if (count == vectors.capacity()) {
                    return TOO_MANY;
                }
                vectors.set(count++, chains.segmentAddress(segment) + offset, piece);
                left -= piece;
            }
            offset = 0;
        }
        return count;
    }

    private static DropReason reason(int errno) {
        return switch (errno) {
            case Errno.EAGAIN, Errno.ENOBUFS, Errno.ENOMEM -> DropReason.NO_BUFFER;
            // The interface is down, or has been removed.
            case Errno.EIO, Errno.ENETDOWN, Errno.EBADFD -> DropReason.NOT_READY;
            // The sender's front-end took its memory away; the worker finds that out by itself.
            case Errno.EFAULT -> DropReason.MEMORY_LOST;
            default -> DropReason.REFUSED;
        };
    }
}
