package io.annulet.backend.port;

import io.annulet.backend.data.FrameBurst;
import io.annulet.backend.data.NetHeader;
import io.annulet.memory.HostMemory;
import io.annulet.vring.ChainBurst;
import org.jspecify.annotations.Nullable;

/** Copies a frame out part by part, its snapshot first and then its sender's buffers; used by one worker at a time. */
final class PartReader {

    private @Nullable FrameBurst burst;
    private long snapshot;
    private int snapshotBytes;
    private int segment;
    private int offset;

    /** From here on the parts are those of another frame, from its Ethernet header on. */
    void begin(FrameBurst from, int frame) {
        burst = from;
        snapshot = from.snapshotAddress(frame) + NetHeader.BYTES;
        snapshotBytes = from.snapshotFrameBytes(frame);
        segment = from.restSegment(frame);
        offset = from.restOffset(frame);
    }

    /** Copies the next bytes, which the frame has. */
    void copy(long to, int byteLength) {
        int own = Math.min(snapshotBytes, byteLength);
        HostMemory.copy(snapshot, to, own);
        snapshot += own;
        snapshotBytes -= own;
        if (burst != null) {
            copyRest(burst.chains(), to + own, byteLength - own);
        }
    }

    private void copyRest(ChainBurst chains, long to, int byteLength) {
        long at = to;
        int left = byteLength;
        while (left > 0) {
            int there = chains.segmentByteLength(segment) - offset;
            if (there == 0) {
                segment++;
                offset = 0;
                continue;
            }
            int piece = Math.min(there, left);
            HostMemory.copy(chains.segmentAddress(segment) + offset, at, piece);
            offset += piece;
            at += piece;
            left -= piece;
        }
    }
}
