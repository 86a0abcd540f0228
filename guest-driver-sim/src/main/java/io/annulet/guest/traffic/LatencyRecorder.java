package io.annulet.guest.traffic;

import org.HdrHistogram.Histogram;

/** Collects latencies without allocating; owned by the thread that receives. */
final class LatencyRecorder {

    private static final long HIGHEST_NANOS = 60_000_000_000L;
    private static final int DIGITS = 3;

    private final Histogram histogram = new Histogram(HIGHEST_NANOS, DIGITS);
    private long impossible;
    private long lastNanos;
    private long lastCount;

    /** Latencies below 0 come from another clock: they are only counted. */
    void record(long nanos) {
        if (nanos != lastNanos) {
            recordLast();
            lastNanos = nanos;
        }
        lastCount++; // frames that were sent together and seen together have the same
    }

    private void recordLast() {
        if (lastNanos < 0) {
            impossible += lastCount;
        } else if (lastCount > 0) {
            histogram.recordValueWithCount(Math.min(lastNanos, HIGHEST_NANOS), lastCount);
        }
        lastCount = 0;
    }

    void reset() {
        histogram.reset();
        impossible = 0;
        lastCount = 0;
    }

    long impossible() {
        recordLast();
        return impossible;
    }

    /** A copy for other threads. */
    Histogram histogram() {
        recordLast();
        return histogram.copy();
    }
}
