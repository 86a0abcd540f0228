package io.annulet.guest.traffic;

import java.util.List;
import org.HdrHistogram.Histogram;
import org.jspecify.annotations.Nullable;

/**
 * How long frames took; times in nanoseconds.
 *
 * @param frames how many were measured
 * @param impossible frames that came before they were sent, by their stamp: it is of another clock
 * @param kind from when to when
 */
public record LatencySummary(
        Kind kind,
        long frames,
        long min,
        double mean,
        long p50,
        long p90,
        long p99,
        long p999,
        long max,
        long impossible) {

    /** From when to when a latency is. */
    public enum Kind {
        /** From the moment a frame was due, so corrected for coordinated omission. */
        SCHEDULED("from the moment each frame was due (corrected for coordinated omission)"),
        /** From the moment a frame was written: frames that were kept from being sent don't show. */
        SENT("from the moment each frame was written (as many as go: not corrected for coordinated omission)"),
        /** There and back, the next frame after the last one came: a stall shows as one long trip. */
        ROUND_TRIP("there and back, one frame at a time (not corrected for coordinated omission)"),
        /** There and back, from the moment each trip was due. */
        SCHEDULED_ROUND_TRIP("there and back, from the moment each trip was due (corrected for coordinated omission)");

        private final String sentence;

        Kind(String sentence) {
            this.sentence = sentence;
        }

        public String sentence() {
            return sentence;
        }
    }

    /** Null if nothing was measured. */
    static @Nullable LatencySummary of(Kind kind, LatencyRecorder recorder) {
        Histogram histogram = recorder.histogram();
        if (histogram.getTotalCount() == 0 && recorder.impossible() == 0) {
            return null;
        }
        List<Long> values = List.of(50.0, 90.0, 99.0, 99.9).stream()
                .map(histogram::getValueAtPercentile)
                .toList();
        return new LatencySummary(
                kind,
                histogram.getTotalCount(),
                histogram.getMinValue(),
                histogram.getMean(),
                values.get(0),
                values.get(1),
                values.get(2),
                values.get(3),
                histogram.getMaxValue(),
                recorder.impossible());
    }
}
