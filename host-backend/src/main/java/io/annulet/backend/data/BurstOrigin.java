package io.annulet.backend.data;

import org.jspecify.annotations.Nullable;

/**
 * Whose buffers the frames of a burst are in, for ports that read them after the burst is finished; owned by the worker.
 * Only a guest's chains can be kept. A burst that was made of another's frames has its chains from there.
 */
public final class BurstOrigin {

    private @Nullable TransmitQueue lender;
    private @Nullable FrameBurst madeOf;
    private final int[] frames = new int[FrameBurst.CAPACITY];

    BurstOrigin() {}

    void clear() {
        lender = null;
        madeOf = null;
    }

    /** The burst was taken from a guest's queue. */
    void takenFrom(TransmitQueue queue) {
        lender = queue;
    }

    /** Frames that are appended from now on are made of this burst's. */
    void madeOf(@Nullable FrameBurst burst) {
        madeOf = burst;
    }

    @Nullable
    FrameBurst madeOf() {
        return madeOf;
    }

    /** Notes of the queue that the frames come from; null if none are kept. */
    @Nullable
    RingRecord record() {
        if (madeOf != null) {
            return madeOf.origin().record();
        }
        return lender == null ? null : lender.record;
    }

    /** The head of the chain in which a guest sent a frame, or -1 if it came otherwise. */
    public int head(FrameBurst burst, int frame) {
        if (madeOf != null) {
            return madeOf.origin().head(madeOf, frames[frame]);
        }
        return lender == null ? -1 : burst.chains().head(frame);
    }

    /** A frame was made of that one of the other burst. */
    void frame(int frame, int source) {
        frames[frame] = source;
    }

    /** Whether the buffers of frames can be kept longer than the burst. */
    public boolean canLend() {
        return madeOf != null ? madeOf.origin().canLend() : lender != null;
    }

    /**
     * Keeps a frame's buffers from being given back to its sender when the burst is finished, until the borrower returns
     * them under the number of {@link #loan}.
     *
     * @return where to return them, or null if they cannot be kept
     */
    public @Nullable CompletionWindow lend(FrameBurst burst, int frame, CompletionWindow.Borrower borrower) {
        if (madeOf != null) {
            return madeOf.origin().lend(madeOf, frames[frame], borrower);
        }
        return lender == null ? null : lender.lend(burst.chains(), frame, borrower);
    }

    /** The number of a frame's loan, after {@link #lend}. */
    public int loan(int frame) {
        if (madeOf != null) {
            return madeOf.origin().loan(frames[frame]);
        }
        return lender == null ? 0 : lender.loan(frame);
    }
}
