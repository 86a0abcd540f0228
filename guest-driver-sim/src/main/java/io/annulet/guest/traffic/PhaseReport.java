package io.annulet.guest.traffic;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What a phase of a run found.
 *
 * @param nanos how long it took, waiting for the last frames included
 * @param cpuNanos processor time of the simulator's threads that do the traffic
 * @param idleShare of the time between the first frame and the last one, in which they had nothing to do
 * @param kicks that the guests gave
 * @param calls that the back-end gave
 * @param longestGapNanos the longest time in which a sending thread did not get to run
 * @param stalledNanos all such times of a millisecond and more
 * @param end why it ended early, as a sentence; null if it did not
 */
public record PhaseReport(
        List<DirectionReport> directions,
        long nanos,
        long cpuNanos,
        double idleShare,
        long kicks,
        long calls,
        long longestGapNanos,
        long stalledNanos,
        @Nullable String end) {

    public PhaseReport {
        directions = List.copyOf(directions);
    }

    static final String INTERRUPTED = "interrupted";

    /** Whether it ended early because it was asked to, which is nobody's fault. */
    public boolean isInterrupted() {
        return INTERRUPTED.equals(end);
    }

    public long offered() {
        return directions.stream().mapToLong(DirectionReport::offered).sum();
    }

    public long sent() {
        return directions.stream().mapToLong(DirectionReport::sent).sum();
    }

    public long arrived() {
        return directions.stream().mapToLong(d -> d.counts().arrived()).sum();
    }

    public double receivedPerSecond() {
        return directions.stream()
                .mapToDouble(DirectionReport::receivedPerSecond)
                .sum();
    }

    public double sentPerSecond() {
        return directions.stream().mapToDouble(DirectionReport::sentPerSecond).sum();
    }

    public FrameCounts counts() {
        return directions.stream().map(DirectionReport::counts).reduce(FrameCounts.NONE, FrameCounts::plus);
    }

    /** The share of all offered frames that did not arrive. */
    public double lossRatio() {
        return offered() == 0 ? 0 : (double) Math.max(0, offered() - arrived()) / offered();
    }
}
