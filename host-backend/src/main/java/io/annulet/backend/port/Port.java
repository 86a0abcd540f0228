package io.annulet.backend.port;

import io.annulet.backend.data.FrameBurst;
import io.annulet.backend.data.FrameList;
import io.annulet.backend.data.Readiness;
import io.annulet.backend.offload.Offload;
import io.annulet.backend.stats.PortCounters;

/**
 * A place where frames enter and leave, or the part of one that one worker works. All methods are called by the worker
 * that owns it, but for {@link #name} and {@link #counters}; none blocks, logs or allocates per frame.
 *
 * <p>The worker pulls a burst, has it forwarded, and finishes it: frames are pushed to other ports between the two.
 */
public interface Port {

    String name();

    PortCounters counters();

    /** The worker begins to work this port: the place to register what should wake a sleeping worker. */
    void attached(Readiness readiness);

    /** The worker has left this port for good; nothing of it is touched after this returns. */
    void detached();

    /**
     * Takes frames that came from outside, with their snapshots, into an empty burst.
     *
     * @return how many
     */
    int pull(FrameBurst burst);

    /** All frames of the burst that {@link #pull} filled have been decided and copied; its buffers may be given back. */
    void finish(FrameBurst burst);

    /**
     * What frames that are pushed may need of whoever is behind this port: a mask of {@link Offload}s. A port that does
     * not say takes frames as they would go over a wire.
     */
    default int accepts() {
        return Offload.NONE;
    }

    /**
     * Sends the listed frames of a burst out through this port. When an access to memory fails in it, it leaves nothing
     * half done.
     */
    void push(FrameBurst burst, FrameList frames);

    /**
     * Tells whoever waits for what {@link #push} and {@link #finish} did since the last time. The worker has made a full
     * fence in between, and comes soon: at the latest when it has looked at one more port.
     */
    default void callDrivers() {}

    /**
     * The worker wants to sleep: ask for wake-ups.
     *
     * @return true if there is work already, so that none may come for it
     */
    boolean awaitWork();

    /** How long the worker may sleep at most, since the port has something to do then. */
    default long sleepNanos() {
        return Long.MAX_VALUE;
    }

    /** The worker polls again: wake-ups are not needed. */
    void stopAwaiting();

    /**
     * Memory was found gone, here or at another port, while a burst was under way: forget it, if it was pulled here.
     *
     * @return whether this port's own memory is whole
     */
    boolean recoverFromMemoryLoss();

    /** Whether an access to this port's memory may have failed though it is whole: there are holes that nothing fills. */
    default boolean mayLackPages() {
        return false;
    }

    /** This port's memory is taken as gone: nothing of it may be touched any more. */
    void memoryLost();
}
