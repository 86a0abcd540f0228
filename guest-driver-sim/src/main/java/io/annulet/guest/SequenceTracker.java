package io.annulet.guest;

import java.util.Arrays;

/**
 * What the sequence numbers of received frames tell: loss, duplication, reordering; owned by the thread that receives
 * them.
 *
 * <p>Each flow has a window of sequence numbers behind its newest one. A number missing in it is lost until it comes late
 * (reordered); one that comes again is a duplicate; one from before the window can be either and is counted as stale.
 * Frames that come in order are marked in the window only when one comes that does not.
 */
public final class SequenceTracker {

    /** Sequence numbers that a flow remembers, unless there are very many flows. */
    public static final int WINDOW = 1 << 14;

    private static final int MIN_WINDOW = 1 << 10;
    private static final int ALL_WINDOWS = 1 << 26;
    private static final int BITS = 6;
    private static final long UNKNOWN = -1;

    private final int window;
    private final long[] firstSequences;
    private final long[] nextSequences;
    private final long[] markedSequences;
    private final long[][] seen;
    private long lost;
    private long duplicated;
    private long reordered;
    private long stale;
    private long early;

    /** A tracker for flows 0 to {@code flows} - 1, each from sequence number 0 on. */
    public SequenceTracker(int flows) {
        window = Math.clamp(Integer.highestOneBit(ALL_WINDOWS / Math.max(1, flows)), MIN_WINDOW, WINDOW);
        firstSequences = new long[flows];
        nextSequences = new long[flows];
        markedSequences = new long[flows];
        seen = new long[flows][window >> BITS];
    }

    public int flows() {
        return nextSequences.length;
    }

    /** A flow goes on at this number: those before it are of no interest. */
    public void startFlow(int flow, long sequence) {
        firstSequences[flow] = sequence;
        nextSequences[flow] = sequence;
        markedSequences[flow] = sequence;
    }

    /** Each flow begins with whatever number comes first, as for a receiver that does not know its sender. */
    public void startFlowsAnywhere() {
        Arrays.fill(nextSequences, UNKNOWN);
    }

    /** A frame came. */
    public void onFrame(int flow, long sequence) {
        if (sequence == nextSequences[flow]) {
            nextSequences[flow] = sequence + 1;
        } else {
            outOfTurn(flow, sequence);
        }
    }

    private void outOfTurn(int flow, long sequence) {
        long next = nextSequences[flow];
        if (next == UNKNOWN) {
            startFlow(flow, sequence);
            onFrame(flow, sequence);
            return;
        }
        markUpTo(flow, next);
        if (sequence > next) {
            skipTo(flow, sequence);
            onFrame(flow, sequence);
        } else if (sequence < firstSequences[flow]) {
            early++;
        } else if (next - sequence > window) {
            stale++;
        } else if (isMarked(flow, sequence)) {
            duplicated++;
        } else {
            mark(flow, sequence);
            lost--;
            reordered++;
        }
    }

    /** Those that came in order since the last one that did not. */
    private void markUpTo(int flow, long next) {
        for (long inOrder = Math.max(markedSequences[flow], next - window); inOrder < next; inOrder++) {
            mark(flow, inOrder);
        }
        markedSequences[flow] = next;
    }

    /** Those up to this one are missing. */
    private void skipTo(int flow, long sequence) {
        long next = nextSequences[flow];
        lost += sequence - next;
        for (long missing = Math.max(next, sequence - window); missing < sequence; missing++) {
            unmark(flow, missing);
        }
        nextSequences[flow] = sequence;
        markedSequences[flow] = sequence;
    }

    private void mark(int flow, long sequence) {
        seen[flow][word(sequence)] |= 1L << sequence;
    }

    private void unmark(int flow, long sequence) {
        seen[flow][word(sequence)] &= ~(1L << sequence);
    }

    private boolean isMarked(int flow, long sequence) {
        return (seen[flow][word(sequence)] & 1L << sequence) != 0;
    }

    private int word(long sequence) {
        return (int) (sequence & window - 1) >> BITS;
    }

    /** The number behind the newest one that came. */
    public long nextSequence(int flow) {
        return nextSequences[flow];
    }

    /** Counts as lost what was sent behind the last frame that came: {@code sent} is the flow's next number. */
    public void closeFlow(int flow, long sent) {
        if (nextSequences[flow] != UNKNOWN && sent > nextSequences[flow]) {
            markUpTo(flow, nextSequences[flow]);
            skipTo(flow, sent);
        }
    }

    /** Frames of which a later one came, but not they. */
    public long lost() {
        return lost;
    }

    public long duplicated() {
        return duplicated;
    }

    /** Frames that came after a later one. */
    public long reordered() {
        return reordered;
    }

    /** Frames too old to tell a duplicate from a late one. */
    public long stale() {
        return stale;
    }

    /** Frames from before the number that their flow started at. */
    public long early() {
        return early;
    }
}
