package io.annulet.backend.data;

import io.annulet.memory.HostMemory;
import io.annulet.vring.ChainBurst;
import io.annulet.vring.ChainFault;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * Writes one frame after another into receive buffers of several pieces, whatever cuts the pieces on either side; owned by
 * whoever works the queue. Both sides are walked once.
 */
final class ScatteredFrame {

    private static final int[] NO_HASHES = new int[FrameBurst.CAPACITY];

    private final int headerByteLength;
    private ChainBurst buffers;

    /** What HASH_REPORT adds to a header: see {@link NetHeader#HASH_BYTES}. */
    private final MemorySegment hashFields = Arena.ofAuto().allocate(NetHeader.HASH_BYTES, 8);

    private final long hashAddress = HostMemory.addressOf(hashFields);
    private int[] hashes = NO_HASHES;
    private int[] hashKinds = NO_HASHES;

    // The place that is written next.
    private int segment;
    private int endSegment;
    private int offset;

    ScatteredFrame(int headerByteLength, ChainBurst buffers) {
        this.headerByteLength = headerByteLength;
        this.buffers = buffers;
    }

    /** What the headers of the next burst's frames say of their hashes, by the frames' numbers. */
    void hashes(int[] values, int[] kinds) {
        hashes = values;
        hashKinds = kinds;
    }

    /** Whether a chain is a receive buffer that has room for a header and more. */
    boolean fits(ChainBurst chains, int chain) {
        return chains.fault(chain) == ChainFault.NONE
                && chains.readableByteLength(chain) == 0
                && chains.writableByteLength(chain) > headerByteLength;
    }

    /** Writes header and frame into the chains from {@code firstChain} on, which have room for all of it. */
    void write(FrameBurst burst, int frame, ChainBurst into, int firstChain) {
        buffers = into;
        segment = into.firstSegment(firstChain);
        endSegment = into.endSegment(into.count() - 1);
        offset = 0;
        long snapshot = burst.snapshotAddress(frame);
        int frameBytes = burst.snapshotFrameBytes(frame);
        writeOwn(snapshot, Math.min(headerByteLength, NetHeader.BYTES));
        if (headerByteLength > NetHeader.BYTES) {
            HostMemory.storeLong(hashAddress, (hashes[frame] & 0xffff_ffffL) | ((long) hashKinds[frame] << 32));
            writeOwn(hashAddress, NetHeader.HASH_BYTES);
        }
        writeOwn(snapshot + NetHeader.BYTES, frameBytes);
        writeRest(burst, frame);
    }

    /** Bytes of our own memory to where writing stands. */
    private void writeOwn(long from, int byteLength) {
        long at = from;
        int left = byteLength;
        while (left > 0) {
            int piece = Math.min(left, roomInSegment());
            HostMemory.copy(at, buffers.segmentAddress(segment) + offset, piece);
            offset += piece;
            at += piece;
            left -= piece;
        }
    }

    private void writeRest(FrameBurst burst, int frame) {
        ChainBurst source = burst.chains();
        int from = burst.restSegment(frame);
        int fromOffset = burst.restOffset(frame);
        int left = burst.restByteLength(frame);
        while (left > 0) {
            int there = source.segmentByteLength(from) - fromOffset;
            if (there == 0) {
                from++;
                fromOffset = 0;
                continue;
            }
            int piece = Math.min(Math.min(there, left), roomInSegment());
            HostMemory.copy(source.segmentAddress(from) + fromOffset, buffers.segmentAddress(segment) + offset, piece);
            fromOffset += piece;
            offset += piece;
            left -= piece;
        }
    }

    /** Bytes left in the segment that is written; goes on to the next one when it is full. */
    private int roomInSegment() {
        while (offset == buffers.segmentByteLength(segment)) {
            segment++;
            offset = 0;
            if (segment >= endSegment) {
                throw new AssertionError("a frame is longer than the buffers counted for it");
            }
        }
        return buffers.segmentByteLength(segment) - offset;
    }

    /** Writes over the header's num_buffers: two bytes that may lie in two segments. */
    static void storeNumBuffers(ChainBurst buffers, int firstChain, int chains) {
        for (int i = 0; i < 2; i++) {
            int at = NetHeader.BYTES - 2 + i;
            int in = buffers.firstSegment(firstChain);
            while (at >= buffers.segmentByteLength(in)) {
                at -= buffers.segmentByteLength(in);
                in++;
            }
            HostMemory.storeByte(buffers.segmentAddress(in) + at, chains >> (8 * i));
        }
    }
}
