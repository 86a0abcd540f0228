package io.annulet.cli.study.batching;

import java.util.Arrays;

/**
 * How long each batch in lock-step took, of the last so many; used by the thread that makes them, and read once it has
 * ended. A program that takes the processor away for a while lengthens some batches and leaves their median alone.
 */
final class BatchTimes {

    private static final int KEPT = 1 << 14;

    private final long[] nanos = new long[KEPT];
    private long count;

    void add(long batchNanos) {
        nanos[(int) (count++ & (KEPT - 1))] = batchNanos;
    }

    /** NaN without batches. */
    double medianNanos() {
        if (count == 0) {
            return Double.NaN;
        }
        long[] sorted = Arrays.copyOf(nanos, (int) Math.min(count, KEPT));
        Arrays.sort(sorted);
        return sorted[sorted.length / 2];
    }
}
