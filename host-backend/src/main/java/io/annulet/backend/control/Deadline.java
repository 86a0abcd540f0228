package io.annulet.backend.control;

import java.util.concurrent.Future;
import org.jspecify.annotations.Nullable;

/**
 * One thing at a time that must happen before a time is over; owned by the control thread.
 *
 * <p>The time is counted in steps that this thread has lived through, not read from a clock: a process that was stopped
 * and goes on finds the clock far ahead, and must not take that for a peer that stalled.
 */
final class Deadline {

    private static final int STEPS = 8;

    private final ControlLoop loop;
    private @Nullable Future<?> next;

    Deadline(ControlLoop loop) {
        this.loop = loop;
    }

    /** Runs {@code onExpiry} after {@code nanos} unless cleared or set again before. */
    void set(long nanos, Runnable onExpiry) {
        clear();
        step(nanos / STEPS, STEPS, onExpiry);
    }

    private void step(long stepNanos, int steps, Runnable onExpiry) {
        if (steps == 0) {
            next = null;
            onExpiry.run();
        } else {
            next = loop.schedule(stepNanos, () -> step(stepNanos, steps - 1, onExpiry));
        }
    }

    boolean isSet() {
        return next != null;
    }

    void clear() {
        Future<?> step = next;
        if (step != null) {
            step.cancel(false);
            next = null;
        }
    }
}
