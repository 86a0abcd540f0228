package io.annulet.guest.traffic;

import org.HdrHistogram.Histogram;

/** Collects latencies without allocating; owned by the thread that receives. */
final class LatencyRecorder {

    private static final long HIGHEST_NANOS = 60_000_000_000L;
    private static final int DIGITS = 3;

    private final Histogram histogram = new Histogram(HIGHEST_NANOS, DIGITS);
    private long impossible;

    /** Latencies below 0 come from another clock: they are only counted. */
    void record(long nanos) {
        if (nanos < 0) {
            impossible++;
        } else {
            histogram.recordValue(Math.min(nanos, HIGHEST_NANOS));
        }
    }

    void reset() {
        histogram.reset();
        impossible = 0;
    }

    long impossible() {
        return impossible;
    }

    /** A copy for other threads. */
    Histogram histogram() {
        return histogram.copy();
    }
}
