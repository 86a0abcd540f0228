package io.annulet.backend.port;

import io.annulet.backend.data.CompletionWindow;
import io.annulet.backend.data.FrameBurst;
import io.annulet.backend.data.NetHeader;
import io.annulet.backend.offload.Offload;
import io.annulet.backend.offload.OffloadHeader;
import io.annulet.backend.stats.CopyReason;
import io.annulet.backend.stats.DropReason;
import io.annulet.backend.stats.PortCounters;
import io.annulet.linux.Errno;
import io.annulet.linux.XdpRing;
import io.annulet.linux.XdpSocket;
import io.annulet.memory.HostMemory;
import org.jspecify.annotations.Nullable;

/**
 * The sending half of an XDP port; used by one worker at a time. Its chunks go round: free, transmit ring, kernel,
 * completion ring, free. A frame is copied into chunks; or, if its sender's memory is registered beside ours, only its
 * snapshot is, and the kernel reads the rest where it is ({@link XdpLoans}).
 *
 * <pre>
 *   chunk: | nothing, 40 | metadata, 24 | frame, or a part of it ... |
 * </pre>
 */
final class XdpTransmit {

    static final int FRAME_OFFSET = 64;

    /** MAX_SKB_FRAGS of Linux: into more parts no frame may be cut. */
    static final int MOST_PARTS = 17;

    /** What the kernel takes in one call, before 6.17. */
    private static final int FRAMES_PER_CALL = 32;

    private static final @Nullable DropReason QUEUED = null;

    private final PartReader reader = new PartReader();
    private final XdpSocket socket;
    private final XdpRing ring;
    private final XdpRing completions;
    private final long memory;
    private final int chunkBytes;
    private final int partBytes;
    private final long[] free;
    private final boolean hasMetadata;
    private final @Nullable XdpLoans loans;
    private final PortCounters counters;
    private final int first;
    private int freeCount;
    private int unpublished;
    private int cancelled;
    private boolean isDown;

    /** Frames wait that the kernel did not take when it was told of them. */
    private boolean isOwed;

    private long calls;

    // Since the last push.
    private int frames;
    private long bytes;
    private long copiedBytes;

    /**
     * @param memory the address of the registered memory, in which {@code chunks} chunks from {@code first} on are ours
     * @param loans null if all frames are copied
     */
    XdpTransmit(
            XdpSocket socket,
            long memory,
            int first,
            int chunks,
            int chunkBytes,
            @Nullable XdpLoans loans,
            PortCounters counters) {
        this.loans = loans;
        this.counters = counters;
        this.first = first;
        this.socket = socket;
        this.ring = socket.transmitRing();
        this.completions = socket.completionRing();
        this.memory = memory;
        this.chunkBytes = chunkBytes;
        this.partBytes = chunkBytes - FRAME_OFFSET;
        this.hasMetadata = socket.hasMetadata();
        this.free = new long[chunks];
        for (int i = chunks - 1; i >= 0; i--) {
            free[freeCount++] = (long) (first + i) * chunkBytes;
        }
    }

    /** What frames may leave open. */
    int accepts() {
        return hasMetadata ? Offload.CHECKSUM : Offload.NONE;
    }

    /** System calls made so far. */
    long calls() {
        return calls;
    }

    /** To be called before frames are added: finds out what has become free, and whether the interface is back. */
    void begin() {
        reap();
        if (isDown) {
            send();
        }
    }

    /** Takes back what the kernel has sent. */
    void reap() {
        int done = completions.available(completions.capacity());
        for (int i = 0; i < done; i++) {
            if (loans == null) {
                free[freeCount++] = completions.address(i) & -(long) chunkBytes;
            } else {
                complete(loans, completions.address(i));
            }
        }
        if (done > 0) {
            completions.release(done);
        }
    }

    private void complete(XdpLoans kept, long address) {
        int number = kept.complete(address);
        if (number != XdpLoans.NONE) {
            int frameBytes = kept.frameByteLength(number);
            if (frameBytes > 0) {
                counters.out(1, frameBytes);
            }
            free[freeCount++] = chunk(number);
        }
    }

    private long chunk(int number) {
        return (long) (first + number) * chunkBytes;
    }

    private int number(long chunk) {
        return (int) (chunk / chunkBytes) - first;
    }

    /**
     * Puts a frame into the ring.
     *
     * @return null if there was room, else why not
     */
    @Nullable
    DropReason add(FrameBurst burst, int frame) {
        if (loans == null || burst.restByteLength(frame) == 0) {
            return addCopy(burst, frame);
        }
        if (isDown) {
            return DropReason.NOT_READY;
        }
        CopyReason why = loans.find(burst, frame);
        if (why == null) {
            if (!hasRoom(1, 1 + loans.pieces())) {
                return DropReason.NO_BUFFER;
            }
            if (addLent(loans, burst, frame)) {
                counters.nicZeroCopy();
                return QUEUED;
            }
            why = CopyReason.SOURCE;
        }
        DropReason dropped = addCopy(burst, frame);
        if (dropped == null) {
            counters.nicCopied(why);
            copiedBytes += burst.restByteLength(frame);
        }
        return dropped;
    }

    /** The snapshot from a chunk, the rest from where it is; false if it cannot be kept there. */
    private boolean addLent(XdpLoans kept, FrameBurst burst, int frame) {
        long chunk = free[freeCount - 1];
        int number = number(chunk);
        if (!kept.lend(burst, frame, number)) {
            return false;
        }
        freeCount--;
        int own = burst.snapshotFrameBytes(frame);
        HostMemory.copy(burst.snapshotAddress(frame) + NetHeader.BYTES, memory + chunk + FRAME_OFFSET, own);
        ring.put(kept.tagged(chunk + FRAME_OFFSET, number), own, XdpRing.CONTINUES | request(burst, frame, chunk));
        int last = kept.pieces() - 1;
        for (int i = 0; i <= last; i++) {
            int options = i < last ? XdpRing.CONTINUES : 0;
            ring.put(kept.tagged(kept.offset(i), number), kept.byteLength(i), options);
        }
        unpublished += kept.pieces() + 1;
        return true;
    }

    /** Copies a frame into chunks and puts them into the ring. */
    private @Nullable DropReason addCopy(FrameBurst burst, int frame) {
        int byteLength = burst.frameByteLength(frame);
        int parts = (byteLength + partBytes - 1) / partBytes;
        if (parts > 1 && (parts > MOST_PARTS || !socket.hasSeveralBuffers())) {
            return DropReason.TOO_LONG;
        }
        if (isDown || !hasRoom(parts, parts)) {
            return isDown ? DropReason.NOT_READY : DropReason.NO_BUFFER;
        }
        reader.begin(burst, frame);
        int done = 0;
        while (done < byteLength) {
            long chunk = free[freeCount - 1];
            int piece = Math.min(partBytes, byteLength - done);
            reader.copy(memory + chunk + FRAME_OFFSET, piece);
            int options = done + piece < byteLength ? XdpRing.CONTINUES : 0;
            if (done == 0) {
                options |= request(burst, frame, chunk);
            }
            ring.put(address(chunk), piece, options);
            freeCount--;
            unpublished++;
            done += piece;
        }
        frames++;
        bytes += byteLength;
        if (loans == null) {
            copiedBytes += byteLength;
        }
        return QUEUED;
    }

    private long address(long chunk) {
        if (loans == null) {
            return chunk + FRAME_OFFSET;
        }
        int number = number(chunk);
        loans.own(number);
        return loans.tagged(chunk + FRAME_OFFSET, number);
    }

    /** Writes what the kernel is to do with a frame before it, if anything; returns what its descriptor says of that. */
    private int request(FrameBurst burst, int frame, long chunk) {
        if (burst.offloads(frame) == Offload.NONE) {
            return 0;
        }
        ask(memory + chunk + FRAME_OFFSET - XdpSocket.METADATA_BYTES, burst.snapshotAddress(frame));
        return XdpRing.HAS_METADATA;
    }

    private boolean hasRoom(int chunks, int descriptors) {
        if (freeCount >= chunks && ring.free(descriptors) == descriptors) {
            return true;
        }
        send();
        reap();
        return freeCount >= chunks && ring.free(descriptors) == descriptors;
    }

    /** struct xsk_tx_metadata: flags u64, csum_start u16, csum_offset u16, reserved u32, launch_time u64. */
    private static void ask(long metadata, long header) {
        int start = OffloadHeader.checksumStart(header);
        HostMemory.storeLong(metadata, XdpSocket.METADATA_CHECKSUM);
        HostMemory.storeLong(metadata + 8, start | (long) (OffloadHeader.checksumAt(header) - start) << 16);
        HostMemory.storeLong(metadata + 16, 0);
    }

    /** Shows the kernel what was added, and has it sent. */
    void send() {
        if (unpublished > 0) {
            unpublished = 0;
            ring.publish();
        }
        HostMemory.fullFence();
        if (!ring.needsWakeUp()) {
            return;
        }
        int left = ring.untaken();
        // The bound is ours: a call that takes nothing ends it. One that meets what was cancelled takes that alone.
        for (int tries = left / FRAMES_PER_CALL + 1 + cancelled; left > 0 && tries > 0; tries--) {
            calls++;
            isDown = isGone(socket.wakeTransmit());
            int still = ring.untaken();
            if (still == left) {
                break;
            }
            left = still;
        }
        isOwed = left > 0 && !isDown;
        cancelled = Math.min(cancelled, left);
        if (isDown && loans != null && loans.lent() > 0) {
            breakOff(loans);
        }
    }

    /** Frames out that no longer need anything of this port, and what was copied for them. */
    void count() {
        counters.out(frames, bytes);
        counters.copied(copiedBytes);
        frames = 0;
        bytes = 0;
        copiedBytes = 0;
    }

    // Frames that are lent.

    /** Whether somebody waits for frames to be returned. */
    boolean hasLent() {
        return loans != null && loans.lent() > 0;
    }

    boolean hasAnyOf(CompletionWindow window) {
        return loans != null && loans.hasAnyOf(window);
    }

    /** Returns all frames that are lent, now: those that the kernel has not taken are not sent. */
    void breakOff() {
        if (loans != null) {
            breakOff(loans);
        }
    }

    /** Likewise, when the socket is closed: the kernel takes nothing any more. */
    void giveUp() {
        if (loans != null) {
            counters.outDropped(DropReason.ABORTED, loans.giveUpAll());
        }
    }

    private void breakOff(XdpLoans kept) {
        int broken = 0;
        for (int back = ring.untaken(); back > 0; back--) {
            int number = kept.lentNumberOf(ring.lastAddress(back));
            if (number != XdpLoans.NONE) {
                back = cancel(kept, number, back);
                broken++;
            }
        }
        broken += kept.giveUpAll();
        counters.outDropped(DropReason.ABORTED, broken);
    }

    /** Takes out what there is of one frame from an entry on; returns its last entry. */
    private int cancel(XdpLoans kept, int number, int from) {
        int back = from;
        ring.cancel(back);
        while (back > 1 && kept.lentNumberOf(ring.lastAddress(back - 1)) == number) {
            ring.cancel(--back);
        }
        cancelled += from - back + 1;
        kept.cancel(number);
        free[freeCount++] = chunk(number);
        return back;
    }

    /**
     * Tells the kernel once more of what it did not take. May be called while another worker adds frames.
     *
     * @return whether it still did not
     */
    boolean retry() {
        if (isOwed) {
            isDown = isGone(socket.wakeTransmit());
            isOwed = !isDown && ring.pending() > 0;
        }
        return isOwed;
    }

    private static boolean isGone(long result) {
        return result == -Errno.ENETDOWN || result == -Errno.ENXIO;
    }

    /** Forgets what was added and not published, after its copying failed half-way. */
    void forget() {
        if (loans == null) {
            freeCount += unpublished; // nothing was freed since, so they still stand where they were taken from
        } else {
            for (int back = unpublished; back > 0; back--) {
                int number = loans.numberOf(ring.lastAddress(back));
                if (number != XdpLoans.NONE) {
                    loans.cancel(number);
                    free[freeCount++] = chunk(number);
                }
            }
        }
        ring.unput(unpublished);
        unpublished = 0;
        frames = 0;
        bytes = 0;
        copiedBytes = 0;
    }
}
