package io.annulet.backend.port;

import java.util.concurrent.TimeUnit;

/** Tells whether a NIC still sends what it was handed; owned by the port's worker. */
final class NicWatchdog {

    static final long NANOS = TimeUnit.SECONDS.toNanos(2);

    private boolean wasInFlightAtLook;
    private long completedAtLook;
    private long movedAtNanos;

    /** The NIC begins anew. */
    void restart() {
        wasInFlightAtLook = false;
    }

    /**
     * Whether frames are in flight and none was sent for too long. The time of frames begins at the first look that finds
     * them, because the one before may be any time ago.
     *
     * @param completed frames that were sent so far
     */
    boolean look(long nowNanos, boolean isInFlight, long completed) {
        if (!isInFlight || !wasInFlightAtLook || completed != completedAtLook) {
            wasInFlightAtLook = isInFlight;
            completedAtLook = completed;
            movedAtNanos = nowNanos;
            return false;
        }
        return nowNanos - movedAtNanos > NANOS;
    }
}
