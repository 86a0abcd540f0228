package io.annulet.backend.data;

import io.annulet.memory.HostMemory;
import io.annulet.vring.ChainBurst;

/**
 * Goes through the bytes of one frame from part to part, so that a frame of many segments is walked once, however many
 * parts it is cut into; owned by the worker.
 */
final class RestCursor {

    private FrameBurst burst;
    private int frame;
    private int segment;
    private int offset;
    private int position;

    RestCursor(FrameBurst burst) {
        this.burst = burst;
    }

    /** Begins at the start of a frame. */
    void begin(FrameBurst source, int sourceFrame) {
        burst = source;
        frame = sourceFrame;
        segment = source.restSegment(sourceFrame);
        offset = source.restOffset(sourceFrame);
        position = source.snapshotFrameBytes(sourceFrame);
    }

    /** The frame that it goes through. */
    int frame() {
        return frame;
    }

    /**
     * Adds those of the frame's bytes {@code from} on that are not in its snapshot to {@code to}, as a chain; {@code
     * from} is not less than the last time.
     */
    boolean addRest(ChainBurst to, int id, int from, int byteLength) {
        int start = Math.max(from, burst.snapshotFrameBytes(frame));
        int rest = Math.max(0, from + byteLength - start);
        if (rest > 0) {
            advance(start);
        }
        return to.addParts(id, burst.chains(), segment, offset, rest);
    }

    private void advance(int to) {
        offset += to - position;
        position = to;
        while (offset >= burst.chains().segmentByteLength(segment)) {
            offset -= burst.chains().segmentByteLength(segment);
            segment++;
        }
    }

    /** Copies those of the bytes that are in the snapshot; returns how many. */
    int copySnapshot(int from, int byteLength, long to) {
        int here = Math.clamp(burst.snapshotFrameBytes(frame) - from, 0, byteLength);
        HostMemory.copy(burst.snapshotAddress(frame) + NetHeader.BYTES + from, to, here);
        return here;
    }
}
