package io.annulet.backend.data;

import io.annulet.backend.offload.Checksum;
import io.annulet.backend.offload.Offload;
import io.annulet.backend.offload.OffloadHeader;
import io.annulet.backend.stats.DropReason;
import io.annulet.memory.HostMemory;
import io.annulet.vring.ChainBurst;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
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
 *   | header, 12 | first bytes, up to 52  |    | header | first bytes | rest ...      | rest ... |
 *                                                                      ^ restOffset in segment restSegment
 * </pre>
 *
 * <p>A frame that asks for offloads has a longer snapshot, with all its headers, and a mask of what it needs.
 */
public final class FrameBurst {

    public static final int CAPACITY = 64;

    /** One cache line of the sender's buffer, header included: MAC addresses, VLAN tags, and IP with ports. */
    static final int SNAPSHOT_BYTES = HostMemory.LINE_BYTES;

    /** A frame that is not longer than this with its header is wholly in its snapshot. */
    private static final int SHORT_BYTES = 2 * HostMemory.LINE_BYTES;

    public static final int ETHERNET_HEADER_BYTES = 14;

    /** The longest frame: 65,535 bytes above Ethernet and two VLAN tags. */
    public static final int MAX_FRAME_BYTES = 65_535 + ETHERNET_HEADER_BYTES + 8;

    /** Most bytes of a frame in the snapshot of one that asks for offloads: all headers, options included. */
    static final int LONG_FRAME_BYTES = 256;

    /** A long snapshot with its header and a fragment header that we may add; odd in lines, to spread over the cache. */
    private static final int STRIDE = 320;

    private final ChainBurst chains;
    private final MemorySegment snapshots;
    private final long snapshotsAddress;

    /** A {@link FrameShape} for each frame. */
    private final long[] shapes = new long[CAPACITY];

    private final int[] offloads = new int[CAPACITY];
    private final @Nullable DropReason[] drops = new @Nullable DropReason[CAPACITY];
    private final OffloadHeader offloadHeader = new OffloadHeader();
    private final BurstOrigin origin = new BurstOrigin();
    final BurstCost cost = new BurstCost();
    private final BurstWatch watch = new BurstWatch();
    private long dropped; // frames that go nowhere, a bit for each
    private int allOffloads;
    private int flow;

    /** Room for chains of queues up to {@code maxRingSize} descriptors. */
    public FrameBurst(int maxRingSize) {
        this(new ChainBurst(CAPACITY, Math.max(32 * CAPACITY, 2 * maxRingSize)));
    }

    private FrameBurst(ChainBurst chains) {
        this.chains = chains;
        snapshots = Arena.ofAuto().allocate((long) CAPACITY * STRIDE, 64);
        snapshotsAddress = HostMemory.addressOf(snapshots);
    }

    /** An empty burst with as much room. */
    FrameBurst another() {
        return new FrameBurst(new ChainBurst(CAPACITY, chains.segmentCapacity()));
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
        dropped = 0;
        origin.clear();
        if (allOffloads != Offload.NONE) {
            allOffloads = Offload.NONE;
            Arrays.fill(offloads, Offload.NONE);
        }
    }

    /** What the frames of the burst need of their receivers, all together: a mask of {@link Offload}s. */
    public int offloads() {
        return allOffloads;
    }

    /** What one frame needs of its receivers. */
    public int offloads(int frame) {
        return offloads[frame];
    }

    /** A number that is the same for frames whose order must hold: the queue they came from. */
    public int flow() {
        return flow;
    }

    /** Says which queue of its source the burst came from: 2n + 1 for the n-th, as guests count transmit queues. */
    public void flow(int queueOfSource) {
        flow = queueOfSource;
    }

    public BurstOrigin origin() {
        return origin;
    }

    /** Who looks on, and what became of frames that were pushed. */
    public BurstWatch watch() {
        return watch;
    }

    /** Bytes of the frame from its Ethernet header on, without any virtio-net header. */
    public int frameByteLength(int frame) {
        return FrameShape.frameBytes(shapes[frame]);
    }

    /** Where the snapshot begins with its virtio-net header of {@link NetHeader#BYTES}. */
    public long snapshotAddress(int frame) {
        return snapshotsAddress + (long) STRIDE * frame;
    }

    /** Bytes of the frame in the snapshot, behind the header; the snapshot's bytes to send on are 12 more. */
    public int snapshotFrameBytes(int frame) {
        return FrameShape.snapshotFrameBytes(shapes[frame]);
    }

    /** Bytes of the frame that are only in the sender's buffers. */
    public int restByteLength(int frame) {
        return frameByteLength(frame) - snapshotFrameBytes(frame);
    }

    /** The segment of {@link #chains} in which the rest begins. */
    public int restSegment(int frame) {
        return FrameShape.restSegment(shapes[frame]);
    }

    /** The offset in that segment. */
    public int restOffset(int frame) {
        return FrameShape.restOffset(shapes[frame]);
    }

    /** Why the frame goes nowhere, or null. */
    public @Nullable DropReason drop(int frame) {
        return (dropped & 1L << frame) == 0 ? null : drops[frame];
    }

    void drop(int frame, DropReason why) {
        drops[frame] = why;
        dropped |= 1L << frame;
    }

    /** Drops a frame whose buffers cannot even be measured. */
    void refuse(int frame, DropReason why) {
        drop(frame, why);
        shapes[frame] = 0;
    }

    /** The six bytes of the destination address, in the low 48 bits in memory order. */
    long destinationMac(int frame) {
        return HostMemory.loadLong(snapshotAddress(frame) + NetHeader.BYTES) & 0xffff_ffff_ffffL;
    }

    public long sourceMac(int frame) {
        return HostMemory.loadLong(snapshotAddress(frame) + NetHeader.BYTES + 6) & 0xffff_ffff_ffffL;
    }

    /**
     * Takes the snapshot of a frame whose chain starts with a virtio-net header of {@code headerBytes} (0 if it has
     * none), and checks lengths. The header may ask for nothing.
     */
    public void snapshot(int frame, int headerBytes) {
        snapshot(frame, headerBytes, Offload.NONE);
    }

    /** As {@link #snapshot(int, int)}, of a frame whose header may ask for the {@code allowed} offloads. */
    public void snapshot(int frame, int headerBytes, int allowed) {
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
        int first = chains.firstSegment(frame);
        long at = snapshotAddress(frame);
        if (headerBytes == NetHeader.BYTES && chains.segmentByteLength(first) >= SNAPSHOT_BYTES) {
            long from = chains.segmentAddress(first);
            int own = SNAPSHOT_BYTES;
            if (total <= Math.min(SHORT_BYTES, chains.segmentByteLength(first))) {
                own = (int) total;
                HostMemory.copyBehindLine(from, at, own);
            }
            shapes[frame] = FrameShape.of((int) frameBytes, own - NetHeader.BYTES, first, own);
            if (NetHeader.copyLineAsPlain(from, at)) {
                return;
            }
        } else {
            gather(frame, headerBytes, at);
        }
        if (headerBytes != 0 && NetHeader.asksForOffload(at)) {
            admit(frame, at, allowed);
        } else {
            NetHeader.plain(at);
        }
    }

    /** A frame's snapshot has been made longer by so many bytes, or shorter. */
    void lengthen(int frame, int bytes) {
        shapes[frame] = FrameShape.of(
                frameByteLength(frame) + bytes,
                snapshotFrameBytes(frame) + bytes,
                restSegment(frame),
                restOffset(frame));
    }

    /** Judges a header that asks for something, on a snapshot with all headers. */
    private void admit(int frame, long at, int allowed) {
        extend(frame, at);
        int needed = offloadHeader.judge(
                at, at + NetHeader.BYTES, snapshotFrameBytes(frame), frameByteLength(frame), allowed);
        if (needed == OffloadHeader.REFUSED) {
            drop(frame, DropReason.BAD_HEADER);
            NetHeader.plain(at);
            return;
        }
        NetHeader.numBuffers(at, 1);
        need(frame, needed);
    }

    private void need(int frame, int needed) {
        offloads[frame] = needed;
        allOffloads |= needed;
    }

    /** Takes all headers of a frame into its snapshot. */
    public void extend(int frame) {
        extend(frame, snapshotAddress(frame));
    }

    /** Lengthens a snapshot by what comes next, so that no byte of it is read twice. */
    private void extend(int frame, long at) {
        int have = snapshotFrameBytes(frame);
        int more = Math.min(LONG_FRAME_BYTES, frameByteLength(frame)) - have;
        if (more > 0) {
            copyRest(frame, at + NetHeader.BYTES + have, more);
            skipRest(frame, more);
        }
    }

    /** So many bytes of the rest have become part of the snapshot. */
    private void skipRest(int frame, int byteLength) {
        int segment = restSegment(frame);
        int offset = restOffset(frame) + byteLength;
        while (segment < chains.endSegment(frame) && offset >= chains.segmentByteLength(segment)) {
            offset -= chains.segmentByteLength(segment);
            segment++;
        }
        shapes[frame] = FrameShape.of(frameByteLength(frame), snapshotFrameBytes(frame) + byteLength, segment, offset);
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
        shapes[frame] = FrameShape.of((int) total - headerBytes, wanted - headerBytes, segment, offset);
    }

    /** Copies a frame with its virtio-net header to one place with room for both. */
    void copyWithHeader(int frame, long to) {
        int own = NetHeader.BYTES + snapshotFrameBytes(frame);
        if (own >= HostMemory.LINE_BYTES && own <= SHORT_BYTES) {
            HostMemory.copyLineAndMore(snapshotAddress(frame), to, own);
        } else {
            HostMemory.copy(snapshotAddress(frame), to, own);
        }
        copyRest(frame, to + own, restByteLength(frame));
    }

    /** Copies a frame, from its Ethernet header on, to one place with room for {@link #frameByteLength}. */
    public void copyFrame(int frame, long to) {
        int first = snapshotFrameBytes(frame);
        HostMemory.copy(snapshotAddress(frame) + NetHeader.BYTES, to, first);
        copyRest(frame, to + first, restByteLength(frame));
    }

    /** Copies the first bytes of the rest of a frame to one place. */
    public void copyRest(int frame, long to, int byteLength) {
        int segment = restSegment(frame);
        int offset = restOffset(frame);
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

    /** Whether a frame marked as checked has the right checksum; what cannot be told counts as right. */
    public boolean hasRightChecksum(int frame) {
        long start = snapshotAddress(frame) + NetHeader.BYTES;
        int l4 = offloadHeader.transportOffset(start, snapshotFrameBytes(frame), frameByteLength(frame));
        return l4 == OffloadHeader.UNKNOWN || offloadHeader.isRight(start, frameByteLength(frame), sum(frame, l4));
    }

    /** Takes the mark from a frame that says that its checksum was checked. */
    public void unmark(int frame) {
        OffloadHeader.clear(snapshotAddress(frame));
        offloads[frame] = Offload.NONE;
    }

    // Frames made of others.

    /** Where the snapshot of the next frame to be {@link #append appended} is to be written. */
    long nextSnapshotAddress() {
        return snapshotAddress(chains.count());
    }

    /**
     * Adds a frame: {@code headBytes} that were written behind the header at {@link #nextSnapshotAddress}, then {@code
     * byteLength} bytes that the cursor's frame has from {@code from} on. Those that are in its snapshot are copied,
     * the others stay where they are.
     *
     * @return false if there is no room
     */
    boolean append(int headBytes, RestCursor cursor, int from, int byteLength, int needed) {
        int frame = chains.count();
        if (frame == CAPACITY || !cursor.addRest(chains, frame, from, byteLength)) {
            return false;
        }
        int copied = cursor.copySnapshot(from, byteLength, snapshotAddress(frame) + NetHeader.BYTES + headBytes);
        shapes[frame] = FrameShape.of(headBytes + byteLength, headBytes + copied, chains.firstSegment(frame), 0);
        origin.frame(frame, cursor.frame());
        need(frame, needed);
        return true;
    }

    /** The sum of a frame's bytes from {@code from}, which is in the snapshot, to its end: see {@link Checksum}. */
    long sum(int frame, int from) {
        int own = snapshotFrameBytes(frame) - from;
        long sum = Checksum.sum(snapshotAddress(frame) + NetHeader.BYTES + from, own);
        int done = own;
        int left = restByteLength(frame);
        int offset = restOffset(frame);
        for (int segment = restSegment(frame); left > 0; segment++) {
            int piece = Math.min(chains.segmentByteLength(segment) - offset, left);
            sum += Checksum.at(Checksum.sum(chains.segmentAddress(segment) + offset, piece), done);
            done += piece;
            left -= piece;
            offset = 0;
        }
        return sum;
    }
}
