package io.annulet.guest.conform;

/**
 * How long the kit waits, in nanoseconds.
 *
 * @param startNanos for a back-end to listen on all its sockets
 * @param ruleNanos for one rule, all waits together
 * @param waitNanos for one thing to happen
 * @param quietNanos to see that something does not happen
 * @param settleNanos between the end of one connection and the next one, as front-ends that reconnect leave it
 */
public record Limits(long startNanos, long ruleNanos, long waitNanos, long quietNanos, long settleNanos) {

    private static final long MILLISECOND = 1_000_000;

    public static final Limits DEFAULTS = new Limits(
            60_000 * MILLISECOND, 30_000 * MILLISECOND, 5_000 * MILLISECOND, 250 * MILLISECOND, 100 * MILLISECOND);

    public Limits {
        if (Math.min(Math.min(startNanos, ruleNanos), Math.min(waitNanos, quietNanos)) <= 0 || settleNanos < 0) {
            throw new IllegalArgumentException("a limit that is not positive");
        }
    }

    public Limits withSettleNanos(long nanos) {
        return new Limits(startNanos, ruleNanos, waitNanos, quietNanos, nanos);
    }

    public Limits withStartNanos(long nanos) {
        return new Limits(nanos, ruleNanos, waitNanos, quietNanos, settleNanos);
    }

    public Limits withWaitNanos(long nanos) {
        return new Limits(startNanos, ruleNanos, nanos, quietNanos, settleNanos);
    }
}
