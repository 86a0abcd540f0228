package io.annulet.guest.traffic;

/**
 * When frames are due; owned by the thread that sends them.
 *
 * <p>At a rate each frame has its moment, whatever became of those before it: a frame that cannot go at its moment is
 * late, and its latency counts from that moment. So a back-end that stalls does not hide the frames it kept from being
 * sent (coordinated omission).
 */
final class Pacer {

    private final double intervalNanos;
    private final long maxFrames;
    private final long durationNanos;
    private long startNanos;

    /**
     * @param framesPerSecond 0 for as many as go
     * @param maxFrames at most so many
     * @param durationNanos at most so long
     */
    Pacer(double framesPerSecond, long maxFrames, long durationNanos) {
        this.intervalNanos = framesPerSecond == 0 ? 0 : 1e9 / framesPerSecond;
        this.durationNanos = durationNanos;
        this.maxFrames =
                isPaced() ? Math.min(maxFrames, Math.max(1, (long) (durationNanos / intervalNanos))) : maxFrames;
    }

    private boolean isPaced() {
        return intervalNanos > 0;
    }

    void start(long nowNanos) {
        startNanos = nowNanos;
    }

    /** How many frames should have gone by now. */
    long due(long nowNanos) {
        long elapsed = nowNanos - startNanos;
        if (isPaced()) {
            return Math.min(maxFrames, (long) (elapsed / intervalNanos) + 1);
        }
        return elapsed < durationNanos ? maxFrames : 0;
    }

    /** How many frames were offered until then if {@code sent} were sent: at a rate also those that did not go. */
    long offered(long sent, long untilNanos) {
        if (!isPaced()) {
            return sent;
        }
        return untilNanos == Long.MAX_VALUE ? maxFrames : due(untilNanos);
    }

    boolean isOver(long nowNanos) {
        return nowNanos - startNanos >= durationNanos;
    }

    long startNanos() {
        return startNanos;
    }

    long maxFrames() {
        return maxFrames;
    }

    /** The moment of the frame with this number, from 0 on. */
    long stampNanos(long frame, long nowNanos) {
        return isPaced() ? startNanos + (long) (frame * intervalNanos) : nowNanos;
    }
}
