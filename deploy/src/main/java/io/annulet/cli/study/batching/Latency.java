package io.annulet.cli.study.batching;

import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.HdrHistogram.Histogram;

/**
 * How long frames were on their way since they were due, so that a sender that falls behind does not hide it; owned by the
 * thread that receives.
 */
final class Latency {

    private static final long MOST_NANOS = TimeUnit.SECONDS.toNanos(20);

    private final Histogram histogram = new Histogram(MOST_NANOS, 3);
    private boolean wanted;

    void begin(boolean record) {
        histogram.reset();
        wanted = record;
    }

    /** Whether stamps are to be looked at. */
    boolean isWanted() {
        return wanted;
    }

    void add(long nanos) {
        histogram.recordValue(Math.clamp(nanos, 0, MOST_NANOS));
    }

    void putInto(Map<String, Double> values) {
        if (wanted && histogram.getTotalCount() > 0) {
            values.put("p50", (double) histogram.getValueAtPercentile(50));
            values.put("p99", (double) histogram.getValueAtPercentile(99));
            values.put("p999", (double) histogram.getValueAtPercentile(99.9));
        }
    }
}
