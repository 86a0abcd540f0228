package io.annulet.backend.capture;

import io.annulet.backend.data.FrameBurst;
import io.annulet.backend.data.NetHeader;
import io.annulet.backend.port.FrameRing;
import io.annulet.backend.port.PcapRecord;
import io.annulet.backend.stats.DropReason;
import io.annulet.memory.HostMemory;
import org.jspecify.annotations.Nullable;

/**
 * A captured frame on its way from a worker to the thread that writes it, in a {@link FrameRing}; stateless. It is the frame
 * of a {@link PcapRecord}:
 *
 * <pre>
 *    0                     2       4      6             8              12     16                  28   32
 *    | port and direction  | queue | zero | drop reason | frame length | head | virtio-net header | -  | frame ...
 * </pre>
 *
 * <p>Words of eight bytes are written and read as one.
 */
final class CaptureRecord {

    static final int BYTES = 32;
    static final int NO_HEAD = -1;

    private static final int FRAME_LENGTH = 8;
    private static final int HEADER = 16;
    private static final int REASON_SHIFT = 48;
    private static final int DIRECTION_SHIFT = 15;
    private static final long LENGTH_MASK = 0xffff_ffffL;
    private static final int HEAD_SHIFT = 32;

    private CaptureRecord() {}

    /**
     * Copies a frame into a ring.
     *
     * @return the record's address, or {@link FrameRing#NONE} if there is no room
     */
    static long add(
            FrameRing ring, FrameBurst burst, int frame, int snapByteLength, long epochNanos, int port, boolean isIn) {
        int length = burst.frameByteLength(frame);
        int kept = Math.min(length, snapByteLength);
        long record = ring.claim(BYTES + kept);
        if (record == FrameRing.NONE) {
            return FrameRing.NONE;
        }
        PcapRecord.header(record, epochNanos, BYTES + kept);
        long at = PcapRecord.frameAddress(record);
        long place = port | (isIn ? 1L << DIRECTION_SHIFT : 0) | (long) (burst.flow() & 0xffff) << 16;
        HostMemory.storeLong(at, place);
        long head = burst.origin().head(burst, frame);
        HostMemory.storeLong(at + FRAME_LENGTH, length | head << HEAD_SHIFT);
        HostMemory.copy(burst.snapshotAddress(frame), at + HEADER, NetHeader.BYTES);
        int own = Math.min(kept, burst.snapshotFrameBytes(frame));
        HostMemory.copy(burst.snapshotAddress(frame) + NetHeader.BYTES, at + BYTES, own);
        if (kept > own) {
            burst.copyRest(frame, at + BYTES + own, kept - own);
        }
        return record;
    }

    static void reason(long record, DropReason why) {
        long at = PcapRecord.frameAddress(record);
        HostMemory.storeLong(at, HostMemory.loadLong(at) | (why.ordinal() + 1L) << REASON_SHIFT);
    }

    static int port(long record) {
        return (int) (first(record) & 0x7fff);
    }

    static boolean isIn(long record) {
        return (first(record) >>> DIRECTION_SHIFT & 1) != 0;
    }

    /** As guests count queues: 2n + 1 for the n-th on which a port sends. */
    static int queue(long record) {
        return (int) (first(record) >>> 16 & 0xffff);
    }

    static @Nullable DropReason reason(long record) {
        int reason = (int) (first(record) >>> REASON_SHIFT);
        return reason == 0 ? null : DropReason.values()[reason - 1];
    }

    private static long first(long record) {
        return HostMemory.loadLong(PcapRecord.frameAddress(record));
    }

    /** All of the frame, kept or not. */
    static int frameByteLength(long record) {
        return (int) (HostMemory.loadLong(PcapRecord.frameAddress(record) + FRAME_LENGTH) & LENGTH_MASK);
    }

    /** Of the chain that the frame was sent in, or {@link #NO_HEAD}. */
    static int head(long record) {
        return (int) (HostMemory.loadLong(PcapRecord.frameAddress(record) + FRAME_LENGTH) >> HEAD_SHIFT);
    }

    /** A byte of the virtio-net header. */
    static int headerByte(long record, int offset) {
        return HostMemory.loadByte(PcapRecord.frameAddress(record) + HEADER + offset);
    }

    static int keptByteLength(long record) {
        return PcapRecord.frameByteLength(record) - BYTES;
    }

    static long keptAddress(long record) {
        return PcapRecord.frameAddress(record) + BYTES;
    }
}
