package io.annulet.guest.traffic;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.TreeMap;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * Searches for the highest rate at which no more than a given share of frames is lost; used by one thread.
 *
 * <p>As RFC 2544 has it, a rate holds if a trial at it does, and the search halves the interval between a rate that holds
 * and one that does not. From MLRsearch (of the IETF's Benchmarking Methodology Working Group) it has the rest: all goals
 * share the trials, the forwarding rate of a trial that lost too much is the next guess, intervals
 * are halved by ratio, several trials at a rate vote, and a rate above one that does not hold does not hold either.
 */
public final class RateSearch {

    private static final int GUESSES = 2;
    private static final double FALL = 2;
    private static final double LOWEST_SHARE = 1e-6;

    private final SearchOptions options;
    private final Trial.Runner runner;
    private final Trial.Listener listener;
    private final List<Trial> trials = new ArrayList<>();
    private final TreeMap<Double, List<Trial>> byRate = new TreeMap<>();
    private boolean failed;

    public RateSearch(SearchOptions options, Trial.Runner runner, Trial.Listener listener) {
        this.options = options;
        this.runner = runner;
        this.listener = listener;
    }

    /**
     * Searches for each goal, the one that allows most loss first.
     *
     * @return the results in the order of the options; bounds as far as they were found if the search ended early
     */
    public List<SearchResult> run() {
        double max = options.maxFramesPerSecond() > 0 ? options.maxFramesPerSecond() : findMax();
        if (max > 0) {
            options.lossRatios().stream().sorted(Comparator.reverseOrder()).forEach(ratio -> search(ratio, max));
        }
        return options.lossRatios().stream().map(this::result).toList();
    }

    /** The rate at which frames can be sent at all; 0 if the trial failed. */
    private double findMax() {
        Trial trial = runTrial(0);
        return trial == null ? 0 : trial.framesPerSecond();
    }

    private void search(double ratio, double max) {
        int guesses = 0;
        while (canGoOn()) {
            SearchResult bounds = result(ratio);
            if (Double.isInfinite(bounds.upper())) {
                if (bounds.lower() >= max || !decide(max, ratio)) {
                    return;
                }
            } else if (bounds.lower() > 0) {
                if (bounds.width() <= options.precision()
                        || !decide(Math.sqrt(bounds.lower() * bounds.upper()), ratio)) {
                    return;
                }
            } else {
                double next = guesses++ < GUESSES ? guess(bounds.upper()) : bounds.upper() / FALL;
                if (next < max * LOWEST_SHARE || !decide(next, ratio)) {
                    return;
                }
            }
        }
    }

    /** The forwarding rate of a rate that did not hold, if it is so much lower that it is worth a trial. */
    private double guess(double upper) {
        double forwarded = byRate.getOrDefault(upper, List.of()).stream()
                .mapToDouble(Trial::receivedPerSecond)
                .average()
                .orElse(0);
        double highest = upper * (1 - options.precision());
        return forwarded > upper / FALL ? Math.min(forwarded, highest) : upper / FALL;
    }

    /** Runs trials at a rate until the majority is clear; false if that cannot be. */
    private boolean decide(double rate, double ratio) {
        while (verdict(rate, ratio) == null) {
            if (!canGoOn() || runTrial(rate) == null) {
                return false;
            }
        }
        return true;
    }

    private boolean canGoOn() {
        return !failed && trials.size() < options.maxTrials();
    }

    private @Nullable Trial runTrial(double rate) {
        Trial trial = runner.run(trials.size() + 1, rate);
        if (trial == null) {
            failed = true;
            return null;
        }
        trials.add(trial);
        if (rate > 0) {
            byRate.computeIfAbsent(rate, key -> new ArrayList<>()).add(trial);
        }
        listener.onTrial(trial);
        return trial;
    }

    /** Whether a rate holds; null while too few trials tell. */
    private @Nullable Boolean verdict(double rate, double ratio) {
        List<Trial> some = byRate.getOrDefault(rate, List.of());
        long good = some.stream().filter(trial -> trial.lossRatio() <= ratio).count();
        long bad = some.size() - good;
        int majority = options.repeat() / 2 + 1;
        if (good >= majority) {
            return true;
        }
        return bad >= majority ? false : null;
    }

    private SearchResult result(double ratio) {
        Predicate<Boolean> isBad = verdict -> !verdict;
        double upper = byRate.keySet().stream()
                .filter(rate -> is(rate, ratio, isBad))
                .findFirst()
                .orElse(Double.POSITIVE_INFINITY);
        double lower = byRate.headMap(upper, false).descendingKeySet().stream()
                .filter(rate -> is(rate, ratio, verdict -> verdict))
                .findFirst()
                .orElse(0.0);
        Trial atLower = byRate.getOrDefault(lower, List.of()).stream()
                .filter(trial -> trial.lossRatio() <= ratio)
                .findFirst()
                .orElse(null);
        return new SearchResult(ratio, lower, upper, atLower);
    }

    private boolean is(double rate, double ratio, Predicate<Boolean> wanted) {
        Boolean verdict = verdict(rate, ratio);
        return verdict != null && wanted.test(verdict);
    }

    /** All trials in the order they were run. */
    public List<Trial> trials() {
        return List.copyOf(trials);
    }

    /** Whether a trial did not come to its end, so that the bounds are wider than asked for. */
    public boolean failed() {
        return failed;
    }
}
