package io.annulet.backend.data;

import io.annulet.vring.ChainBurst;

/**
 * The chains of a transmit queue from the oldest that has not been given back on, in the order in which they were made
 * available; owned by the queue's worker.
 *
 * <p>A chain may be lent to a port that reads its buffers later, such as a NIC. It is given back to the driver when its
 * burst is finished, all of its borrowers have returned it, and so it is with all chains before it: what the driver sees
 * used is always a prefix.
 *
 * <pre>
 *      first                settled       next
 *   ...  | lent | back | lent  |  back | lent | ...
 *        given back next        ^ the burst under way
 * </pre>
 *
 * <p>A queue that was closed has its window closed too, and another queue has another window: that is the generation of a
 * loan. What is returned to a closed window is nobody's any more.
 */
public final class CompletionWindow {

    private static final int MAX_BORROWERS = 4;

    private final int[] heads;
    private final int[] loans;
    private final int mask;
    private final Borrower[] borrowers = new Borrower[MAX_BORROWERS];
    private int borrowerCount;
    private int first;
    private int settled;
    private int next;
    private boolean closed;

    /** Whoever reads chains after the end of their burst. */
    @FunctionalInterface
    public interface Borrower {

        /** Returns all that was borrowed from this window: soon what is nearly done, and the rest by breaking it off. */
        void recall(CompletionWindow window);
    }

    /** @param ringSize as many chains as there can be */
    CompletionWindow(int ringSize) {
        int capacity = Integer.highestOneBit(Math.max(2 * ringSize - 1, 1));
        heads = new int[capacity];
        loans = new int[capacity];
        mask = capacity - 1;
    }

    /** Adds the chains of a burst behind those that are there; returns the number of the first. */
    int add(ChainBurst chains) {
        int start = next;
        for (int i = 0; i < chains.count(); i++) {
            heads[next & mask] = chains.head(i);
            loans[next & mask] = 0;
            next++;
        }
        if (next - first > heads.length) {
            throw new AssertionError("more chains are borrowed than the ring has");
        }
        return start;
    }

    /**
     * Lends a chain.
     *
     * @return false if there are too many borrowers
     */
    boolean lend(int number, Borrower borrower) {
        if (!isKnown(borrower)) {
            if (borrowerCount == MAX_BORROWERS) {
                return false;
            }
            borrowers[borrowerCount++] = borrower;
        }
        loans[number & mask]++;
        return true;
    }

    private boolean isKnown(Borrower borrower) {
        for (int i = 0; i < borrowerCount; i++) {
            if (borrowers[i] == borrower) {
                return true;
            }
        }
        return false;
    }

    /** A borrower touches the chain with this number no more. */
    public void giveBack(int number) {
        if (closed) {
            return;
        }
        if (number - first < 0 || number - next >= 0 || loans[number & mask] == 0) {
            throw new AssertionError("a chain was returned that was not lent");
        }
        loans[number & mask]--;
    }

    /** All bursts so far are finished: nobody but borrowers holds a chain back any more. */
    void settle() {
        settled = next;
    }

    /** Whether the oldest chain can be given back to the driver. */
    boolean isFirstDone() {
        return first != settled && loans[first & mask] == 0;
    }

    /** Takes the oldest chain out; returns its head. */
    int takeFirst() {
        return heads[first++ & mask];
    }

    /** All but the last so many chains were given back to the driver, whichever were taken out. */
    void keepLast(int count) {
        first = next - count;
    }

    /** Chains that were not given back to the driver. */
    int outstanding() {
        return next - first;
    }

    /** Has all borrowers return what they have. */
    void recall() {
        for (int i = 0; i < borrowerCount; i++) {
            borrowers[i].recall(this);
        }
    }

    /** Forgets all chains; what is returned later is ignored. */
    void close() {
        closed = true;
        first = next;
        settled = next;
    }
}
