package io.annulet.backend.data;

/**
 * How long a frame is, how much of it is in its snapshot, and where the rest begins, stateless: all of it in one word, so that
 * a frame costs one store and one load and not four of each.
 *
 * <pre>
 *   63          44 43         32 31                20 19           0
 *   | rest segment | rest offset | bytes in snapshot | frame bytes |
 * </pre>
 */
final class FrameShape {

    private static final int FRAME_BYTES_MASK = (1 << 20) - 1;
    private static final int SNAPSHOT_SHIFT = 20;
    private static final int REST_OFFSET_SHIFT = 32;
    private static final int REST_OFFSET_MASK = (1 << 12) - 1;
    private static final int REST_SEGMENT_SHIFT = 44;

    private FrameShape() {}

    /** The offset is less than a snapshot is long at most. */
    static long of(int frameBytes, int snapshotFrameBytes, int restSegment, int restOffset) {
        return frameBytes
                | (long) snapshotFrameBytes << SNAPSHOT_SHIFT
                | (long) restOffset << REST_OFFSET_SHIFT
                | (long) restSegment << REST_SEGMENT_SHIFT;
    }

    static int frameBytes(long shape) {
        return (int) shape & FRAME_BYTES_MASK;
    }

    static int snapshotFrameBytes(long shape) {
        return (int) shape >>> SNAPSHOT_SHIFT;
    }

    static int restSegment(long shape) {
        return (int) (shape >>> REST_SEGMENT_SHIFT);
    }

    static int restOffset(long shape) {
        return (int) (shape >>> REST_OFFSET_SHIFT) & REST_OFFSET_MASK;
    }
}
