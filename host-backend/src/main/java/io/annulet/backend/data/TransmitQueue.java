package io.annulet.backend.data;

import io.annulet.backend.offload.Offload;
import io.annulet.backend.port.PortListener;
import io.annulet.backend.stats.DropReason;
import io.annulet.backend.stats.PortCounters;
import io.annulet.vring.ChainBurst;
import io.annulet.vring.ChainFault;
import org.jspecify.annotations.Nullable;

/** A queue on which a guest transmits: the source of frames; owned by its worker. */
public final class TransmitQueue extends GuestQueue {

    /** Bytes after which a visit ends, so that large frames do not keep the worker from other ports. */
    static final int VISIT_BYTES = 128 * 1024;

    /** What each part counts that a large frame may have to be cut into, however short the parts are. */
    private static final long PART_BYTES = 128;

    /** Once a chain was lent: from then on chains are given back through it. */
    private @Nullable CompletionWindow window;

    private int firstOfBurst;

    /** Whether what the queue began with has been given back. */
    private boolean isRecovered;

    /** Whether an error broke off giving chains back that were returned. */
    private boolean wasBrokenOff;

    public TransmitQueue(QueueSetup setup, PortCounters counters, PortListener listener) {
        super(setup, counters, listener);
        suppressKicks();
    }

    /**
     * Takes a burst of frames into an empty burst, with their snapshots. What must not go on is marked as dropped.
     *
     * @return how many
     */
    public int pull(FrameBurst burst) {
        ChainBurst chains = burst.chains();
        int taken = take(chains, FrameBurst.CAPACITY);
        if (taken == 0) {
            return 0;
        }
        burst.flow(setup().queueIndex());
        burst.origin().takenFrom(this);
        // The first two cache lines of all frames come from the core on which the driver runs, together.
        chains.touch(FrameBurst.SNAPSHOT_BYTES);
        int lent = keptChains();
        int admitted = admit(burst, taken);
        if (record != null) {
            record.begin(half.publishedPosition(), lent, admitted);
        }
        return admitted;
    }

    /** Admits frames up to a visit's bytes; those left over are taken the next time. */
    private int admit(FrameBurst burst, int taken) {
        ChainBurst chains = burst.chains();
        long bytes = 0;
        for (int i = 0; i < taken; i++) {
            admitOne(burst, i);
            bytes += chains.readableByteLength(i);
            countIn(burst, i);
            if (burst.offloads(i) != Offload.NONE) {
                bytes += PART_BYTES * BurstCost.parts(burst, i);
            }
            if (bytes > VISIT_BYTES && i + 1 < taken) {
                half.untake(taken - (i + 1));
                chains.truncate(i + 1);
                taken = i + 1;
            }
        }
        if (window != null) {
            firstOfBurst = window.add(chains);
        }
        return taken;
    }

    private void countIn(FrameBurst burst, int frame) {
        stats.frames++;
        stats.bytes += burst.frameByteLength(frame);
        DropReason why = burst.drop(frame);
        if (why != null) {
            stats.drops++;
            stats.specialDrops += why == DropReason.DISABLED ? 0 : 1;
        }
    }

    private void admitOne(FrameBurst burst, int frame) {
        ChainBurst chains = burst.chains();
        if (!chains.isSingleReadable(frame)
                && (chains.fault(frame) != ChainFault.NONE || chains.writableByteLength(frame) != 0)) {
            burst.refuse(frame, DropReason.BAD_CHAIN);
            return;
        }
        burst.snapshot(frame, headerByteLength, offloads);
        if (!isEnabled()) {
            burst.drop(frame, DropReason.DISABLED);
        }
    }

    /**
     * Gives every chain of the burst back and shows the driver.
     *
     * @return whether {@link #callDriver} became due
     */
    public boolean finish(FrameBurst burst) {
        if (window != null) {
            window.settle();
            return giveBackReturned(window);
        }
        half.giveBack(burst.chains(), 0, burst.count());
        boolean becameDue = showUsed(burst.count());
        noteEnd();
        return becameDue;
    }

    @Override
    public boolean recover(int passedChains) {
        boolean becameDue = super.recover(passedChains);
        int passed = isRecovered ? passedChains : Math.max(passedChains, setup().passedChains());
        isRecovered = true;
        return passOver(passed) || becameDue;
    }

    private boolean passOver(int passed) {
        if (record == null) {
            return false;
        }
        if (passed == 0) {
            record.forgetIntent();
            return false;
        }
        // Chains of indirect tables may fill a burst before all of them are in it.
        ChainBurst chains = new ChainBurst(passed, 4 * setup().ring().size() + passed);
        int left = passed;
        int taken = take(chains, left);
        while (taken > 0) {
            for (int i = 0; i < taken; i++) {
                half.giveBack(chains.head(i), 0);
            }
            left -= taken;
            chains.clear();
            taken = left == 0 ? 0 : take(chains, left);
        }
        boolean becameDue = showUsed(0);
        record.forgetIntent();
        return becameDue;
    }

    @Override
    int keptChains() {
        return window == null ? 0 : window.outstanding();
    }

    /** What is about to become of chains that were lent stays noted while the driver does not have them back. */
    private void noteEnd() {
        if (record != null) {
            int lent = keptChains();
            if (lent == 0) {
                record.end();
            } else {
                record.begin(half.publishedPosition(), lent, 0);
                record.passOutside();
            }
        }
    }

    // Chains that outlive their burst.

    /** Lends a chain of the burst under way; null if there are too many borrowers. */
    @Nullable
    CompletionWindow lend(ChainBurst chains, int chain, CompletionWindow.Borrower borrower) {
        if (window == null) {
            window = new CompletionWindow(setup().ring().size());
            firstOfBurst = window.add(chains);
        }
        return window.lend(firstOfBurst + chain, borrower) ? window : null;
    }

    int loan(int chain) {
        return firstOfBurst + chain;
    }

    /** Whether chains were returned that the driver has not been shown. */
    public boolean hasReturned() {
        return window != null && (window.isFirstDone() || wasBrokenOff);
    }

    /**
     * Gives those chains back that were returned, and all before them.
     *
     * @return whether {@link #callDriver} became due
     */
    public boolean giveBackReturned() {
        return window != null && giveBackReturned(window);
    }

    /**
     * After an access to memory failed somewhere, between bursts of this queue: what was given back to the driver, as far as
     * the ring's half knows, and what has left the window are the same again, and what was not shown will be.
     */
    public void recoverReturned() {
        if (window != null) {
            window.keepLast(half.borrowed());
            wasBrokenOff = true;
        }
    }

    private boolean giveBackReturned(CompletionWindow chains) {
        wasBrokenOff = false;
        int count = 0;
        while (chains.isFirstDone()) {
            half.giveBack(chains.takeFirst(), 0);
            count++;
        }
        boolean becameDue = showUsed(count);
        noteEnd();
        return becameDue;
    }

    /** Between bursts: has all that was lent returned. Touches no guest memory. */
    public void recall() {
        if (window != null) {
            window.recall();
        }
    }

    /** What was shown to the driver stays so; all else is taken again, once nobody reads it any more. */
    @Override
    public void abandon() {
        forgetWindow();
        super.abandon();
        noteEnd();
    }

    @Override
    public int close() {
        if (window != null) {
            int outstanding = forgetWindow();
            half.untake(outstanding);
        }
        return super.close();
    }

    private int forgetWindow() {
        if (window == null) {
            return 0;
        }
        window.recall();
        int outstanding = window.outstanding();
        window.close();
        window = null;
        return outstanding;
    }

    /** Whether frames come without kicks, so that the worker may not sleep. */
    public boolean mustBePolled() {
        return setup().kick() == null && !waitsForMemory();
    }

    /** Asks for kicks; true if there is work already. */
    public boolean requestKicks() {
        if (waitsForMemory()) {
            return false;
        }
        boolean work = half.requestKicks();
        if (log != null) {
            log.suppression();
        }
        return work;
    }
}
