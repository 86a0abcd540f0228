package io.annulet.guest.traffic;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.function.DoubleUnaryOperator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The search finds the throughput of devices of which it is known. */
final class RateSearchTest {

    private static final double SENDER = 10e6;
    private static final double SECONDS = 1;

    private final List<Trial> told = new ArrayList<>();

    /** A device that loses a share of the frames which follows from the rate. */
    private static Trial trial(int number, double asked, DoubleUnaryOperator loss) {
        double rate = asked == 0 ? SENDER : asked;
        long offered = (long) (rate * SECONDS);
        long arrived = offered - (long) (offered * loss.applyAsDouble(rate));
        double ratio = (double) (offered - arrived) / offered;
        return new Trial(number, rate, offered, offered, arrived, ratio, arrived / SECONDS, null);
    }

    private static DoubleUnaryOperator capacity(double framesPerSecond) {
        return rate -> rate <= framesPerSecond ? 0 : 1 - framesPerSecond / rate;
    }

    private RateSearch search(SearchOptions options, DoubleUnaryOperator loss) {
        return new RateSearch(options, (number, rate) -> trial(number, rate, loss), told::add);
    }

    @ParameterizedTest
    @ValueSource(doubles = {9.9e6, 5e6, 1_234_567, 90_000, 321})
    void boundsACapacityWithinThePrecision(double capacity) {
        RateSearch search = search(SearchOptions.DEFAULTS, capacity(capacity));
        for (SearchResult result : search.run()) {
            double throughput = capacity / (1 - result.lossRatio());
            assertTrue(result.lower() <= throughput * 1.0001, result::toString);
            assertTrue(result.upper() > throughput * 0.9999, result::toString);
            assertTrue(result.width() <= 0.01, result::toString);
            assertFalse(result.isLimitedBySender());
        }
        assertEquals(told, search.trials());
        assertTrue(told.size() < 80, told.size() + " trials");
    }

    @Test
    void aDeviceFasterThanTheSenderIsSaidToBe() {
        SearchResult result =
                search(SearchOptions.DEFAULTS, capacity(2 * SENDER)).run().getFirst();
        assertTrue(result.isLimitedBySender());
        assertEquals(SENDER, result.lower());
        assertEquals(0, result.width());
    }

    @Test
    void someLossAllowsMoreThanNone() {
        DoubleUnaryOperator loss = rate -> rate < 1e6 ? 0 : (rate - 1e6) / 1e8;
        List<SearchResult> results = search(SearchOptions.DEFAULTS, loss).run();
        assertEquals(1e6, results.get(0).lower(), 2e4);
        assertEquals(1.5e6, results.get(1).lower(), 2e4);
    }

    @Test
    void goalsShareTheirTrials() {
        search(SearchOptions.DEFAULTS, capacity(3e6)).run();
        int together = told.size();
        told.clear();
        search(SearchOptions.DEFAULTS.withLossRatios(List.of(0.0)), capacity(3e6))
                .run();
        search(SearchOptions.DEFAULTS.withLossRatios(List.of(0.005)), capacity(3e6))
                .run();
        assertTrue(together < told.size(), together + " trials together, " + told.size() + " apart");
    }

    @Test
    void aTrialThatLosesByChanceIsOutvoted() {
        SplittableRandom random = new SplittableRandom(7);
        DoubleUnaryOperator loss = rate -> rate > 4e6 ? 1 - 4e6 / rate : random.nextInt(5) == 0 ? 0.001 : 0;
        SearchOptions options =
                SearchOptions.DEFAULTS.withLossRatios(List.of(0.0)).withRepeat(7);
        SearchResult result = search(options, loss).run().getFirst();
        assertEquals(4e6, result.lower(), 1e5);
    }

    @Test
    void aDeviceThatAlwaysLosesHasNoThroughput() {
        SearchOptions options = SearchOptions.DEFAULTS.withLossRatios(List.of(0.0));
        SearchResult result = search(options, rate -> 0.1).run().getFirst();
        assertEquals(0, result.lower());
        assertTrue(told.size() < 120, "it gives up after " + told.size());
    }

    @Test
    void aTrialThatDoesNotEndEndsTheSearchWithTheBoundsSoFar() {
        RateSearch search = new RateSearch(
                SearchOptions.DEFAULTS,
                (number, rate) -> number > 6 ? null : trial(number, rate, capacity(3e6)),
                told::add);
        SearchResult result = search.run().getLast();
        assertTrue(search.failed());
        assertEquals(6, told.size());
        assertTrue(result.upper() > 3e6);
    }

    @Test
    void aGivenHighestRateIsNotExceeded() {
        search(SearchOptions.DEFAULTS.withMaxFramesPerSecond(1e6), capacity(3e6))
                .run();
        assertTrue(told.stream().allMatch(trial -> trial.framesPerSecond() <= 1e6));
        assertEquals(2, told.size(), "two of three votes");
    }
}
