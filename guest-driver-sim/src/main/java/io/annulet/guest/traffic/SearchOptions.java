package io.annulet.guest.traffic;

import java.util.List;

/**
 * How the throughput is searched for.
 *
 * @param lossRatios the shares of offered frames that may be lost, each searched for; 0 is RFC 2544's throughput
 * @param maxFramesPerSecond the highest rate to try; 0 to find out by sending as many frames as go
 * @param precision when to stop: the bounds lie no further apart than this share of the upper one
 * @param repeat trials at a rate from which the majority decides
 * @param maxTrials when to stop in any case
 */
public record SearchOptions(
        List<Double> lossRatios, double maxFramesPerSecond, double precision, int repeat, int maxTrials) {

    public static final SearchOptions DEFAULTS = new SearchOptions(List.of(0.0, 0.005), 0, 0.01, 3, 200);

    public SearchOptions {
        lossRatios = List.copyOf(lossRatios);
        if (lossRatios.isEmpty() || lossRatios.stream().anyMatch(ratio -> !(ratio >= 0 && ratio < 1))) {
            throw new IllegalArgumentException("a loss ratio is 0 or more and less than 1");
        }
        if (!(precision > 0 && precision < 1) || repeat < 1 || maxTrials < 1) {
            throw new IllegalArgumentException("a search needs a precision between 0 and 1 and a trial at least");
        }
    }

    public SearchOptions withLossRatios(List<Double> others) {
        return new SearchOptions(others, maxFramesPerSecond, precision, repeat, maxTrials);
    }

    public SearchOptions withMaxFramesPerSecond(double rate) {
        return new SearchOptions(lossRatios, rate, precision, repeat, maxTrials);
    }

    public SearchOptions withPrecision(double share) {
        return new SearchOptions(lossRatios, maxFramesPerSecond, share, repeat, maxTrials);
    }

    public SearchOptions withRepeat(int count) {
        return new SearchOptions(lossRatios, maxFramesPerSecond, precision, count, maxTrials);
    }
}
