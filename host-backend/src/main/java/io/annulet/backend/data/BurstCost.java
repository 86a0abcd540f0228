package io.annulet.backend.data;

import io.annulet.backend.offload.Offload;

/**
 * What a burst has cost so far: frames and bytes that were pushed to ports, once for each port and each part that a frame
 * was cut into. Owned by the burst's worker.
 */
final class BurstCost {

    private long frames;
    private long bytes;
    private long burstBytes;

    void clear() {
        frames = 0;
        bytes = 0;
    }

    /** The burst has been decided on; so many bytes are in all of its frames. */
    void begin(long bytesOfAll) {
        burstBytes = bytesOfAll;
    }

    /** The listed frames were pushed to a port as they are. */
    void add(FrameBurst burst, FrameList list) {
        int count = list.count();
        long listed = burstBytes;
        if (count < burst.count()) {
            listed = 0;
            for (int i = 0; i < count; i++) {
                listed += burst.frameByteLength(list.frame(i));
            }
        }
        add(count, listed);
    }

    void add(long moreFrames, long moreBytes) {
        frames += moreFrames;
        bytes += moreBytes;
    }

    long frames() {
        return frames;
    }

    long bytes() {
        return bytes;
    }

    /** How many frames a frame is on a wire. */
    static int parts(FrameBurst burst, int frame) {
        if ((burst.offloads(frame) & Offload.LARGE) == 0) {
            return 1;
        }
        int size = NetHeader.segmentByteLength(burst.snapshotAddress(frame));
        return (burst.frameByteLength(frame) + size - 1) / size;
    }
}
