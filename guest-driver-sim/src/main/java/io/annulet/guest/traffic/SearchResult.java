package io.annulet.guest.traffic;

import org.jspecify.annotations.Nullable;

/**
 * The throughput for one loss ratio: it lies between two rates.
 *
 * @param lossRatio the share that may be lost
 * @param lower the highest rate that held, below every one that did not; 0 if none held
 * @param upper the lowest rate that did not hold; infinite if none was found
 * @param atLower a trial at the lower rate, null if there is none
 */
public record SearchResult(
        double lossRatio,
        double lower,
        double upper,
        @Nullable Trial atLower) {

    /** How far the bounds lie apart, as a share of the upper one; 0 if there is no upper one. */
    public double width() {
        return Double.isInfinite(upper) ? 0 : (upper - lower) / upper;
    }

    /** Whether the rate held at which no more could be sent, so that the throughput may be higher still. */
    public boolean isLimitedBySender() {
        return Double.isInfinite(upper) && lower > 0;
    }
}
