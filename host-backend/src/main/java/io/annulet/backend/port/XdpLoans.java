package io.annulet.backend.port;

import io.annulet.backend.data.CompletionWindow;
import io.annulet.backend.data.FrameBurst;
import io.annulet.backend.stats.CopyReason;
import io.annulet.linux.XdpSetup;
import io.annulet.vring.ChainBurst;
import org.jspecify.annotations.Nullable;

/**
 * Frames whose payload the kernel reads from their sender's own buffers, which lie in the memory that is registered for the
 * socket beside ours; owned by the port's worker.
 *
 * <pre>
 *   chunk (ours)                      sender's buffers, lent
 *   | metadata | snapshot |           | ... rest ... |   | rest ... |
 *     first descriptor                  further descriptors
 * </pre>
 *
 * <p>A frame is known by its chunk. Each of its descriptors has the chunk's number as a tag in its address, which comes back
 * with the completion; the frame is done when all of them have come back. With the number goes a generation, so that
 * what comes back of a frame that was broken off is nobody's.
 */
final class XdpLoans {

    /** The number of a chunk that nothing is to be done with. */
    static final int NONE = -1;

    private static final int NUMBER_BITS = 11;
    private static final int NUMBER_MASK = (1 << NUMBER_BITS) - 1;
    private static final int GENERATIONS = 1 << (Short.SIZE - NUMBER_BITS);

    private final MemoryRanges ranges;
    private final CompletionWindow.Borrower borrower;

    /** Bytes at whose multiples a piece ends: those that a device reads must not cross into a page that lies elsewhere. */
    private final long bound;

    private final int mostBytes;

    // The frame that is being put together.
    private final long[] offsets;
    private final int[] byteLengths;
    private int pieces;

    // By number of chunk.
    private final @Nullable CompletionWindow[] windows;
    private final int[] loans;
    private final int[] pending;
    private final int[] frameByteLengths;
    private final int[] generations;

    private int lent;

    /**
     * @param ranges where guests' memory is in the registered memory
     * @param mostPieces further descriptors that a frame may have
     * @param mostBytes of a piece
     * @param bound no piece goes beyond a multiple of it; 0 if that does not matter
     */
    XdpLoans(
            MemoryRanges ranges,
            CompletionWindow.Borrower borrower,
            int chunks,
            int mostPieces,
            int mostBytes,
            long bound) {
        if (chunks > NUMBER_MASK + 1) {
            throw new IllegalArgumentException(chunks + " chunks");
        }
        this.ranges = ranges;
        this.borrower = borrower;
        this.mostBytes = mostBytes;
        this.bound = bound;
        offsets = new long[mostPieces];
        byteLengths = new int[mostPieces];
        windows = new @Nullable CompletionWindow[chunks];
        loans = new int[chunks];
        pending = new int[chunks];
        frameByteLengths = new int[chunks];
        generations = new int[chunks];
    }

    /** The address for a descriptor of the frame whose first chunk has that number. */
    long tagged(long offset, int number) {
        return XdpSetup.tagged(offset, generations[number] << NUMBER_BITS | number);
    }

    /**
     * Finds the rest of a frame in the registered memory.
     *
     * @return null if all of it is there, in as many pieces as are taken; else why it has to be copied
     */
    @Nullable
    CopyReason find(FrameBurst burst, int frame) {
        pieces = 0;
        if (!burst.origin().canLend()) {
            return CopyReason.SOURCE;
        }
        ChainBurst chains = burst.chains();
        int left = burst.restByteLength(frame);
        int offset = burst.restOffset(frame);
        for (int segment = burst.restSegment(frame); left > 0; segment++) {
            int here = Math.min(chains.segmentByteLength(segment) - offset, left);
            if (here > 0) {
                long there = ranges.find(chains.segmentAddress(segment) + offset, here);
                if (there == MemoryRanges.UNSHARED) {
                    return CopyReason.UNSHARED;
                }
                if (!addPieces(there, here)) {
                    return CopyReason.PIECES;
                }
                left -= here;
            }
            offset = Math.max(0, offset - chains.segmentByteLength(segment));
        }
        return null;
    }

    private boolean addPieces(long from, int byteLength) {
        long offset = from;
        int left = byteLength;
        while (left > 0) {
            if (pieces == offsets.length) {
                return false;
            }
            int piece = Math.min(left, mostBytes);
            if (bound != 0) {
                piece = (int) Math.min(piece, bound - (offset & bound - 1));
            }
            offsets[pieces] = offset;
            byteLengths[pieces] = piece;
            pieces++;
            offset += piece;
            left -= piece;
        }
        return true;
    }

    /** Pieces that {@link #find} found. */
    int pieces() {
        return pieces;
    }

    long offset(int piece) {
        return offsets[piece];
    }

    int byteLength(int piece) {
        return byteLengths[piece];
    }

    /** Has the frame that was found kept, under the number of its chunk; false if it cannot be. */
    boolean lend(FrameBurst burst, int frame, int number) {
        CompletionWindow window = burst.origin().lend(burst, frame, borrower);
        if (window == null) {
            return false;
        }
        windows[number] = window;
        loans[number] = burst.origin().loan(frame);
        pending[number] = 1 + pieces;
        frameByteLengths[number] = burst.frameByteLength(frame);
        lent++;
        return true;
    }

    /** A chunk is under way that has all of what it is sent for in itself. */
    void own(int number) {
        pending[number] = 1;
        frameByteLengths[number] = 0;
    }

    /** Bytes of the frame that was lent under a number; 0 if that is no lent frame. */
    int frameByteLength(int number) {
        return frameByteLengths[number];
    }

    /**
     * A descriptor has come back.
     *
     * @return the number of the chunk that is free with it, or {@link #NONE}
     */
    int complete(long address) {
        int number = numberOf(address);
        if (number == NONE || --pending[number] > 0) {
            return NONE;
        }
        giveBack(number);
        return number;
    }

    /** The number in an address's tag if it is of something that is under way, or {@link #NONE}. */
    int numberOf(long address) {
        int tag = (int) (address >>> XdpSetup.TAG_SHIFT);
        int number = tag & NUMBER_MASK;
        boolean known = number < pending.length && pending[number] > 0 && generations[number] == tag >>> NUMBER_BITS;
        return known ? number : NONE;
    }

    /** The number in an address's tag if it is of a frame that is lent, or {@link #NONE}. */
    int lentNumberOf(long address) {
        int number = numberOf(address);
        return number != NONE && windows[number] != null ? number : NONE;
    }

    /** The kernel will not read this frame: what comes back of it is ignored. */
    void cancel(int number) {
        giveBack(number);
        pending[number] = 0;
        frameByteLengths[number] = 0;
        generations[number] = (generations[number] + 1) % GENERATIONS;
    }

    /**
     * Returns what the kernel has and will send soon. Their chunks stay taken until it has.
     *
     * @return how many frames
     */
    int giveUpAll() {
        int count = 0;
        for (int number = 0; number < windows.length; number++) {
            if (giveBack(number)) {
                frameByteLengths[number] = 0;
                count++;
            }
        }
        return count;
    }

    private boolean giveBack(int number) {
        CompletionWindow window = windows[number];
        if (window == null) {
            return false;
        }
        window.giveBack(loans[number]);
        windows[number] = null;
        lent--;
        return true;
    }

    /** Frames that are lent now. */
    int lent() {
        return lent;
    }

    boolean hasAnyOf(CompletionWindow window) {
        if (lent == 0) {
            return false;
        }
        for (CompletionWindow one : windows) {
            if (one == window) {
                return true;
            }
        }
        return false;
    }
}
