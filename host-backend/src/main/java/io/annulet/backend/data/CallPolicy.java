package io.annulet.backend.data;

import java.util.concurrent.TimeUnit;

/**
 * When a driver that wants a call gets it: at once, or together with others.
 *
 * @param mode how
 * @param frames a call is put off no longer than until so many frames wait for it, 1 or more
 * @param nanos nor longer than so long after the first of them, whatever the worker does meanwhile
 */
public record CallPolicy(Mode mode, int frames, long nanos) {

    /** Which calls are put off. */
    public enum Mode {
        /** None. */
        OFF,
        /** All. */
        ON,
        /** Those of a queue that is busy: that had {@link #BUSY_FRAMES} frames within the time or less. */
        ADAPTIVE
    }

    public static final CallPolicy OFF = new CallPolicy(Mode.OFF, 1, 0);

    public static final int DEFAULT_FRAMES = 32;
    public static final int DEFAULT_MICROS = 50;
    public static final int MAX_FRAMES = 32_768;
    public static final int MAX_MICROS = 1_000_000;

    /** More than a request and its answer, however often they take turns. */
    static final int BUSY_FRAMES = 8;

    public CallPolicy {
        if (mode != Mode.OFF && (frames < 1 || frames > MAX_FRAMES)) {
            throw new IllegalArgumentException("coalesce-frames=" + frames + ": 1 to " + MAX_FRAMES);
        }
        if (mode != Mode.OFF && (nanos < 1 || nanos > TimeUnit.MICROSECONDS.toNanos(MAX_MICROS))) {
            throw new IllegalArgumentException(
                    "coalesce-micros=" + TimeUnit.NANOSECONDS.toMicros(nanos) + ": 1 to " + MAX_MICROS);
        }
    }

    public static CallPolicy of(Mode mode, int frames, int micros) {
        return mode == Mode.OFF ? OFF : new CallPolicy(mode, frames, TimeUnit.MICROSECONDS.toNanos(micros));
    }
}
