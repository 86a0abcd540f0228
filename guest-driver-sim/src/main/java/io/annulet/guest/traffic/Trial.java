package io.annulet.guest.traffic;

import org.jspecify.annotations.Nullable;

/**
 * One trial at one rate.
 *
 * @param number from 1 on
 * @param framesPerSecond the rate of each direction; where as many went as could, how many those were
 * @param lossRatio the share of offered frames that did not arrive, sent or not
 * @param receivedPerSecond frames that arrived, of each direction on average
 * @param latency of the first direction
 */
public record Trial(
        int number,
        double framesPerSecond,
        long offered,
        long sent,
        long arrived,
        double lossRatio,
        double receivedPerSecond,
        @Nullable LatencySummary latency) {

    /** Runs a trial. */
    @FunctionalInterface
    public interface Runner {

        /**
         * Offers frames at this rate for the trial's time.
         *
         * @param framesPerSecond of each direction; 0 for as many as go
         * @return null if the trial did not come to its end
         */
        @Nullable
        Trial run(int number, double framesPerSecond);
    }

    /** Who is told of each trial. */
    @FunctionalInterface
    public interface Listener {
        void onTrial(Trial trial);
    }
}
