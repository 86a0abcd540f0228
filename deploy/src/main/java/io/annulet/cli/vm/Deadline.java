package io.annulet.cli.vm;

import java.time.Duration;

/** A moment on the monotonic clock by which something must have happened. */
record Deadline(long atNanos) {
    static Deadline in(Duration duration) {
        return new Deadline(System.nanoTime() + duration.toNanos());
    }

    boolean isOver() {
        return remainingNanos() <= 0;
    }

    /** At least 1, because 0 means "for ever" to a selector. */
    long remainingMillis() {
        return Math.max(1, remainingNanos() / 1_000_000);
    }

    private long remainingNanos() {
        return atNanos - System.nanoTime();
    }
}
