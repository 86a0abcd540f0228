package io.annulet.guest.traffic;

/**
 * The time that passes while a thread goes round; owned by that thread. A gap counts as {@link #MAX_GAP_NANOS} at most: a
 * process that was stopped and continued, or one on a busy machine, must not take its own absence for a peer's silence.
 */
final class WakingTime {

    static final long MAX_GAP_NANOS = 20_000_000;

    private boolean started;
    private long lastNanos;
    private long passedNanos;

    /** Tells what time it is; returns how much has passed since the first call. */
    long at(long nowNanos) {
        if (started) {
            passedNanos += Math.min(nowNanos - lastNanos, MAX_GAP_NANOS);
        }
        started = true;
        lastNanos = nowNanos;
        return passedNanos;
    }
}
