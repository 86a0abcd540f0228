package io.annulet.backend.port;

import io.annulet.backend.data.CompletionWindow;
import io.annulet.backend.data.FrameBurst;
import io.annulet.backend.data.NetHeader;
import io.annulet.backend.offload.Offload;
import io.annulet.backend.stats.CopyReason;
import io.annulet.backend.stats.DropReason;
import io.annulet.backend.stats.PortCounters;
import io.annulet.memory.HostMemory;
import io.annulet.vfio.DmaArea;
import io.annulet.vfio.Nic;
import io.annulet.vfio.NicLimits;
import io.annulet.vring.ChainBurst;
import org.jspecify.annotations.Nullable;

/**
 * Frames on their way out through a NIC; owned by the port's worker.
 *
 * <pre>
 *   slot (ours, the NIC reads)                 sender's buffers (the NIC reads)
 *   | header, 12 | snapshot, up to 308 |       | ... rest ...  | rest ... |
 *     ^ first piece                              ^ further pieces
 * </pre>
 *
 * <p>The first piece is a copy of the frame's snapshot: what was decided on is what is sent. The payload is read from the
 * sender's own buffers, which are lent until the NIC is done. Where that cannot be, the payload is copied into one of a few
 * places of ours, and the reason counted.
 */
final class NicTransmit {

    /** More than a virtio-net header and a snapshot with a fragment header; a page holds whole slots. */
    static final int SLOT_BYTES = 512;

    static final int COPY_BYTES = (FrameBurst.MAX_FRAME_BYTES + 63) & -64;
    static final int COPIES = 16;

    /** Ethernet header and two VLAN tags, which an MTU does not count. */
    private static final int BEYOND_MTU = FrameBurst.ETHERNET_HEADER_BYTES + 8;

    private static final int NO_COPY = -1;

    private final Nic nic;
    private final NicLimits limits;
    private final NicMemoryMap map;
    private final PortCounters counters;
    private final CompletionWindow.Borrower borrower;
    private final boolean zeroCopy;
    private final int maxFrameBytes;
    private final DmaArea.Piece slots;
    private final DmaArea.Piece copies;

    // The frame that is being put together.
    private final long[] iovas;
    private final int[] byteLengths;
    private int pieces;

    // By token.
    private final boolean[] inFlight;
    private final @Nullable CompletionWindow[] windows;
    private final int[] loans;
    private final int[] copyOf;
    private final int[] frameByteLengths;

    private final int[] freeTokens;
    private int freeTokenCount;
    private final int[] freeCopies = new int[COPIES];
    private int freeCopyCount;
    private long completed;

    /** @param mtu of the network behind the NIC; 0 for what the NIC takes */
    NicTransmit(
            Nic nic,
            DmaArea read,
            NicMemoryMap map,
            int mtu,
            boolean zeroCopy,
            PortCounters counters,
            CompletionWindow.Borrower borrower) {
        this.nic = nic;
        this.limits = nic.limits();
        this.map = map;
        this.zeroCopy = zeroCopy;
        this.counters = counters;
        this.borrower = borrower;
        this.maxFrameBytes = (mtu == 0 ? limits.maxMtu() : mtu) + BEYOND_MTU;
        int frames = limits.transmitFrames();
        slots = read.take((long) frames * SLOT_BYTES, SLOT_BYTES);
        copies = read.take((long) COPIES * COPY_BYTES, 64);
        iovas = new long[limits.pieces()];
        byteLengths = new int[limits.pieces()];
        inFlight = new boolean[frames];
        windows = new @Nullable CompletionWindow[frames];
        loans = new int[frames];
        copyOf = new int[frames];
        frameByteLengths = new int[frames];
        freeTokens = new int[frames];
        for (int i = 0; i < frames; i++) {
            freeTokens[freeTokenCount++] = i;
        }
        for (int i = 0; i < COPIES; i++) {
            freeCopies[freeCopyCount++] = i;
        }
    }

    static long byteLength(int frames) {
        return (long) frames * SLOT_BYTES + (long) COPIES * COPY_BYTES + 2 * SLOT_BYTES;
    }

    /** What frames may need of this NIC. */
    int accepts() {
        return limits.checksum()
                ? Offload.CHECKSUM | (limits.tso4() ? Offload.TSO4 : 0) | (limits.tso6() ? Offload.TSO6 : 0)
                : Offload.NONE;
    }

    /**
     * Hands a frame to the NIC; it is under way after {@link #publish}.
     *
     * @return null if that was done, else why not
     */
    @Nullable
    DropReason send(FrameBurst burst, int frame) {
        int frameBytes = burst.frameByteLength(frame);
        boolean large = (burst.offloads(frame) & Offload.LARGE) != 0;
        if (frameBytes > (large ? limits.tsoBytes() : maxFrameBytes)) {
            return DropReason.TOO_LONG;
        }
        if (freeTokenCount == 0 || !nic.hasRoom(limits.pieces())) {
            return DropReason.NO_BUFFER;
        }
        int token = freeTokens[freeTokenCount - 1];
        long slot = slots.address() + (long) token * SLOT_BYTES;
        int headBytes = burst.snapshotFrameBytes(frame);
        HostMemory.copy(burst.snapshotAddress(frame), slot, NetHeader.BYTES + headBytes);
        int skipped = NetHeader.BYTES - limits.headerBytes();
        iovas[0] = slots.iova() + (long) token * SLOT_BYTES + skipped;
        byteLengths[0] = NetHeader.BYTES - skipped + headBytes;
        pieces = 1;
        copyOf[token] = NO_COPY;
        windows[token] = null;
        if (burst.restByteLength(frame) > 0 && !addRest(burst, frame, token)) {
            return DropReason.NO_BUFFER;
        }
        freeTokenCount--;
        inFlight[token] = true;
        frameByteLengths[token] = frameBytes;
        nic.transmit(slot, iovas, byteLengths, pieces, token);
        return null;
    }

    /** The payload, as pieces of the sender's buffers or copied; false if there is no place for a copy. */
    private boolean addRest(FrameBurst burst, int frame, int token) {
        CopyReason why = zeroCopy ? addSendersBuffers(burst, frame) : CopyReason.OFF;
        if (why == null) {
            CompletionWindow window = burst.origin().lend(burst, frame, borrower);
            if (window != null) {
                windows[token] = window;
                loans[token] = burst.origin().loan(frame);
                counters.nicZeroCopy();
                return true;
            }
            why = CopyReason.SOURCE;
        }
        if (freeCopyCount == 0) {
            return false;
        }
        int copy = freeCopies[freeCopyCount - 1];
        int restBytes = burst.restByteLength(frame);
        burst.copyRest(frame, copies.address() + (long) copy * COPY_BYTES, restBytes);
        pieces = 1;
        if (!addPieces(copies.iova() + (long) copy * COPY_BYTES, restBytes)) {
            throw new AssertionError("a copy has more pieces than a NIC takes: " + limits);
        }
        freeCopyCount--;
        copyOf[token] = copy;
        counters.nicCopied(why);
        counters.copied(restBytes);
        return true;
    }

    /** Null if all was added, else why it cannot be. */
    private @Nullable CopyReason addSendersBuffers(FrameBurst burst, int frame) {
        if (!burst.origin().canLend()) {
            return CopyReason.SOURCE;
        }
        ChainBurst chains = burst.chains();
        int left = burst.restByteLength(frame);
        int offset = burst.restOffset(frame);
        for (int segment = burst.restSegment(frame); left > 0; segment++) {
            int here = Math.min(chains.segmentByteLength(segment) - offset, left);
            if (here > 0) {
                long iova = map.iova(chains.segmentAddress(segment) + offset, here);
                if (iova == NicMemoryMap.UNSHARED) {
                    return CopyReason.UNSHARED;
                }
                if (!addPieces(iova, here)) {
                    return CopyReason.PIECES;
                }
                left -= here;
            }
            offset = Math.max(0, offset - chains.segmentByteLength(segment));
        }
        return null;
    }

    private boolean addPieces(long from, int byteLength) {
        long iova = from;
        int left = byteLength;
        while (left > 0) {
            if (pieces == iovas.length) {
                return false;
            }
            int piece = Math.min(left, limits.pieceBytes() - (int) (iova & (limits.pieceBytes() - 1)));
            iovas[pieces] = iova;
            byteLengths[pieces] = piece;
            pieces++;
            iova += piece;
            left -= piece;
        }
        return true;
    }

    void publish() {
        nic.publishTransmit();
    }

    /**
     * Takes what the NIC is done with.
     *
     * @return false if it says that it is done with what it was not given
     */
    boolean reap() {
        int frames = 0;
        long bytes = 0;
        int token = nic.takeTransmitted();
        while (token >= 0 && token < inFlight.length && inFlight[token]) {
            frames++;
            bytes += frameByteLengths[token];
            release(token);
            token = nic.takeTransmitted();
        }
        if (frames > 0) {
            completed += frames;
            counters.out(frames, bytes);
        }
        return token == Nic.NOTHING;
    }

    private void release(int token) {
        CompletionWindow window = windows[token];
        if (window != null) {
            window.giveBack(loans[token]);
            windows[token] = null;
        }
        if (copyOf[token] != NO_COPY) {
            freeCopies[freeCopyCount++] = copyOf[token];
        }
        inFlight[token] = false;
        freeTokens[freeTokenCount++] = token;
    }

    /** The NIC was stopped: what it had not done is not done. */
    void abortAll() {
        for (int token = 0; token < inFlight.length; token++) {
            if (inFlight[token]) {
                counters.outDropped(DropReason.ABORTED);
                release(token);
            }
        }
    }

    boolean hasAnyOf(CompletionWindow window) {
        for (CompletionWindow one : windows) {
            if (one == window) {
                return true;
            }
        }
        return false;
    }

    int inFlight() {
        return inFlight.length - freeTokenCount;
    }

    /** Frames that the NIC has sent so far. */
    long completed() {
        return completed;
    }
}
