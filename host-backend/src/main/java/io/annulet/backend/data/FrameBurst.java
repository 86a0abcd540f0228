package io.annulet.backend.data;

import io.annulet.backend.stats.DropReason;
import io.annulet.memory.HostMemory;
import io.annulet.vring.ChainBurst;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/**
 * Up to 64 frames on their way from one port; owned by the worker, filled by a source, read by destinations.
 *
 * <p>Each frame has a snapshot in memory of our own: a virtio-net header that we made and the first bytes of the frame,
 * copied once. Whatever is decided about the frame is decided on the snapshot, and the snapshot is what goes on, so that
 * a guest cannot change a header between check and use. The rest of the frame stays where its sender has it.
 *
 * <pre>
 *   snapshot (ours)                            sender's buffers
 *   | header, 12 | first bytes, up to 60  |    | header | first bytes | rest ...      | rest ... |
 *                                                                      ^ restOffset in segment restSegment
 * </pre>
 */
public final class FrameBurst {

    public static final int CAPACITY = 64;

    /** One cache line of the sender's buffer, header included: MAC addresses, VLAN tags, and IP with ports. */
    static final int SNAPSHOT_BYTES = HostMemory.LINE_BYTES;

    public static final int ETHERNET_HEADER_BYTES = 14;

    /** The longest frame: 65,535 bytes above Ethernet and two VLAN tags. */
    public static final int MAX_FRAME_BYTES = 65_535 + ETHERNET_HEADER_BYTES + 8;

    private static final int STRIDE = 128;

    private final ChainBurst chains;
    private final MemorySegment snapshots;
    private final long snapshotsAddress;
    private final int[] frameByteLengths = new int[CAPACITY];
    private final int[] snapshotFrameBytes = new int[CAPACITY];
    private final int[] restSegments = new int[CAPACITY];
    private final int[] restOffsets = new int[CAPACITY];
    private final @Nullable DropReason[] drops = new @Nullable DropReason[CAPACITY];
    private int flow;

    /** Keeps the compiler from leaving {@link #touchFirstLines} out. */
    int touched;

    /** Room for chains of queues up to {@code maxRingSize} descriptors. */
    public FrameBurst(int maxRingSize) {
        chains = new ChainBurst(CAPACITY, Math.max(32 * CAPACITY, 2 * maxRingSize));
        snapshots = Arena.ofAuto().allocate((long) CAPACITY * STRIDE, 64);
        snapshotsAddress = HostMemory.addressOf(snapshots);
    }

    /** The buffers of the frames; frame {@code i} is chain {@code i}. */
    public ChainBurst chains() {
        return chains;
    }

    public int count() {
        return chains.count();
    }

    public void clear() {
        chains.clear();
    }

    /** A number that is the same for frames whose order must hold: the queue they came from. */
    public int flow() {
        return flow;
    }

    /** Says which queue of its source the burst came from: 2n + 1 for the n-th, as guests count transmit queues. */
    public void flow(int queueOfSource) {
        flow = queueOfSource;
    }

    /** Bytes of the frame from its Ethernet header on, without any virtio-net header. */
    public int frameByteLength(int frame) {
        return frameByteLengths[frame];
    }

    /** Where the snapshot begins with its virtio-net header of {@link NetHeader#BYTES}. */
    public long snapshotAddress(int frame) {
        return snapshotsAddress + (long) STRIDE * frame;
    }

    /** Bytes of the frame in the snapshot, behind the header; the snapshot's bytes to send on are 12 more. */
    public int snapshotFrameBytes(int frame) {
        return snapshotFrameBytes[frame];
    }

    /** Bytes of the frame that are only in the sender's buffers. */
    public int restByteLength(int frame) {
        return frameByteLengths[frame] - snapshotFrameBytes[frame];
    }

    /** The segment of {@link #chains} in which the rest begins. */
    public int restSegment(int frame) {
        return restSegments[frame];
    }

    /** The offset in that segment. */
    public int restOffset(int frame) {
        return restOffsets[frame];
    }

    /** Why the frame goes nowhere, or null. */
    public @Nullable DropReason drop(int frame) {
        return drops[frame];
    }

    void drop(int frame, DropReason why) {
        drops[frame] = why;
    }

    /** Drops a frame whose buffers cannot even be measured. */
    void refuse(int frame, DropReason why) {
        drops[frame] = why;
        frameByteLengths[frame] = 0;
    }

    /** The six bytes of the destination address, in the low 48 bits in memory order. */
    long destinationMac(int frame) {
        return HostMemory.loadLong(snapshotAddress(frame) + NetHeader.BYTES) & 0xffff_ffff_ffffL;
    }

    long sourceMac(int frame) {
        return HostMemory.loadLong(snapshotAddress(frame) + NetHeader.BYTES + 6) & 0xffff_ffff_ffffL;
    }

    /**
     * Takes the snapshot of a frame whose chain starts with a virtio-net header of {@code headerBytes} (0 if it has
     * none), and checks lengths.
     */
    public void snapshot(int frame, int headerBytes) {
        drops[frame] = null;
        long total = chains.readableByteLength(frame);
        long frameBytes = total - headerBytes;
        if (frameBytes < ETHERNET_HEADER_BYTES) {
            refuse(frame, DropReason.TOO_SHORT);
            return;
        }
        if (frameBytes > MAX_FRAME_BYTES) {
            refuse(frame, DropReason.TOO_LONG);
            return;
        }
        frameByteLengths[frame] = (int) frameBytes;
        int first = chains.firstSegment(frame);
        long at = snapshotAddress(frame);
        if (headerBytes == NetHeader.BYTES && chains.segmentByteLength(first) >= SNAPSHOT_BYTES) {
            HostMemory.copyLine(chains.segmentAddress(first), at);
            snapshotFrameBytes[frame] = SNAPSHOT_BYTES - NetHeader.BYTES;
            restSegments[frame] = first;
            restOffsets[frame] = SNAPSHOT_BYTES;
        } else {
            gather(frame, headerBytes, at);
        }
        if (headerBytes != 0 && NetHeader.asksForOffload(at)) {
            drops[frame] = DropReason.BAD_HEADER;
        }
        NetHeader.plain(at);
    }

    /**
     * Loads a byte of the first two cache lines of each frame, and uses none of them. The lines come from the core on which
     * the driver runs, which takes as long as some hundred instructions; asked for in one go, they come together.
     */
    void touchFirstLines() {
        int loaded = 0;
        int count = chains.count();
        for (int i = 0; i < count; i++) {
            int segment = chains.firstSegment(i);
            if (segment < chains.endSegment(i)) {
                long address = chains.segmentAddress(segment);
                int last = Math.min(chains.segmentByteLength(segment) - 1, SNAPSHOT_BYTES);
                loaded += HostMemory.loadByte(address) + HostMemory.loadByte(address + last);
            }
        }
        touched = loaded;
    }

    /** The snapshot of a frame whose header or first bytes are spread over segments, or whose header is not 12 bytes. */
    private void gather(int frame, int headerBytes, long at) {
        long total = chains.readableByteLength(frame);
        int wanted = (int) Math.min(headerBytes + (SNAPSHOT_BYTES - NetHeader.BYTES), total);
        int segment = chains.firstSegment(frame);
        int offset = 0;
        int done = 0;
        while (done < wanted) {
            int here = Math.min(chains.segmentByteLength(segment) - offset, wanted - done);
            int piece = done < headerBytes ? Math.min(here, headerBytes - done) : here;
            long to = done < headerBytes ? at + done : at + NetHeader.BYTES + (done - headerBytes);
            HostMemory.copy(chains.segmentAddress(segment) + offset, to, piece);
            done += piece;
            offset += piece;
            if (offset == chains.segmentByteLength(segment) && done < wanted) {
                segment++;
                offset = 0;
            }
        }
        snapshotFrameBytes[frame] = wanted - headerBytes;
        restSegments[frame] = segment;
        restOffsets[frame] = offset;
    }

    /** Copies a frame, from its Ethernet header on, to one place with room for {@link #frameByteLength}. */
    public void copyFrame(int frame, long to) {
        int first = snapshotFrameBytes[frame];
        HostMemory.copy(snapshotAddress(frame) + NetHeader.BYTES, to, first);
        copyRest(frame, 0, to + first, restByteLength(frame));
    }

    /** Copies the rest of a frame, from {@code skip} bytes into it on, to one place. */
    void copyRest(int frame, int skip, long to, int byteLength) {
        int segment = restSegments[frame];
        int offset = restOffsets[frame] + skip;
        long at = to;
        int left = byteLength;
        while (left > 0) {
            int length = chains.segmentByteLength(segment);
            if (offset >= length) {
                offset -= length;
                segment++;
                continue;
            }
            int piece = Math.min(length - offset, left);
            HostMemory.copy(chains.segmentAddress(segment) + offset, at, piece);
            at += piece;
            left -= piece;
            offset = 0;
            segment++;
        }
    }
}
