package io.annulet.backend.port;

import io.annulet.backend.data.FrameBurst;
import io.annulet.backend.data.FrameList;
import io.annulet.backend.data.NetHeader;
import io.annulet.backend.stats.DropReason;
import io.annulet.backend.stats.PortCounters;
import io.annulet.linux.Errno;
import io.annulet.linux.IoVectors;
import io.annulet.vring.ChainBurst;

/**
 * How frames get into a tap: each is gathered by the kernel from its snapshot and the sender's buffers. Owned by one worker.
 */
abstract class TapWriter implements AutoCloseable {

    static final int TOO_MANY = -1;

    final IoVectors vectors = new IoVectors(IoVectors.MAX_CAPACITY);
    private int delivered;
    private long deliveredBytes;
    private int calls;

    /** Writes the frames and counts what became of them; none of their memory is looked at after it returns. */
    final void write(FrameBurst burst, FrameList frames, PortCounters counters) {
        delivered = 0;
        deliveredBytes = 0;
        calls = 0;
        writeAll(burst, frames, counters);
        counters.out(delivered, deliveredBytes);
        counters.host(0, calls);
    }

    abstract void writeAll(FrameBurst burst, FrameList frames, PortCounters counters);

    /** A system call was made. */
    final void called() {
        calls++;
    }

    /** @param result of a frame's write: bytes, or the negative error number */
    final void written(FrameBurst burst, int frame, long result, PortCounters counters) {
        if (result >= 0) {
            delivered++;
            deliveredBytes += burst.frameByteLength(frame);
        } else {
            burst.watch().lose(counters, frame, reason((int) -result));
        }
    }

    /** Lists header and frame from entry {@code first} on; returns how many entries that takes. */
    final int gather(FrameBurst burst, int frame, int first) {
        if (first == vectors.capacity()) {
            return TOO_MANY;
        }
        vectors.set(first, burst.snapshotAddress(frame), NetHeader.BYTES + burst.snapshotFrameBytes(frame));
        ChainBurst chains = burst.chains();
        int next = first + 1;
        int left = burst.restByteLength(frame);
        int offset = burst.restOffset(frame);
        for (int segment = burst.restSegment(frame); left > 0; segment++) {
            int piece = Math.min(chains.segmentByteLength(segment) - offset, left);
            if (piece > 0) {
                if (next == vectors.capacity()) {
                    return TOO_MANY;
                }
                vectors.set(next++, chains.segmentAddress(segment) + offset, piece);
                left -= piece;
            }
            offset = 0;
        }
        return next - first;
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

    @Override
    public void close() {}
}
