package io.annulet.backend.data;

import io.annulet.backend.port.PortListener;
import io.annulet.backend.stats.DropReason;
import io.annulet.backend.stats.PortCounters;
import io.annulet.vring.ChainBurst;
import io.annulet.vring.ChainFault;

/** A queue on which a guest transmits: the source of frames; owned by its worker. */
public final class TransmitQueue extends GuestQueue {

    /** Bytes after which a visit ends, so that large frames do not keep the worker from other ports. */
    static final int VISIT_BYTES = 128 * 1024;

    public TransmitQueue(QueueSetup setup, PortCounters counters, PortListener listener) {
        super(setup, counters, listener);
        half.suppressKicks();
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
        burst.touchFirstLines();
        long bytes = 0;
        for (int i = 0; i < taken; i++) {
            admit(burst, i);
            bytes += chains.readableByteLength(i);
            if (bytes > VISIT_BYTES && i + 1 < taken) {
                half.untake(taken - (i + 1));
                chains.truncate(i + 1);
                return i + 1;
            }
        }
        return taken;
    }

    private void admit(FrameBurst burst, int frame) {
        ChainBurst chains = burst.chains();
        if (chains.fault(frame) != ChainFault.NONE || chains.writableByteLength(frame) != 0) {
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
        ChainBurst chains = burst.chains();
        int count = chains.count();
        for (int i = 0; i < count; i++) {
            half.giveBack(chains.head(i), 0);
        }
        return showUsed(count);
    }

    /** Whether frames come without kicks, so that the worker may not sleep. */
    public boolean mustBePolled() {
        return setup().kick() == null;
    }

    /** Asks for kicks; true if there is work already. */
    public boolean requestKicks() {
        return half.requestKicks();
    }

    public void suppressKicks() {
        half.suppressKicks();
    }
}
