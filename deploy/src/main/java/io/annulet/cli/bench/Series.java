package io.annulet.cli.bench;

import java.util.Arrays;
import java.util.List;
import java.util.function.ToDoubleFunction;
import java.util.stream.IntStream;

/** Slices of two back-ends that were taken in turn: slice by slice the machine did to one what it did to the other. */
record Series(List<Slice> ours, List<Slice> rivals) {

    Series {
        ours = List.copyOf(ours);
        rivals = List.copyOf(rivals);
    }

    /** Ours over the rival's, all slices together. */
    double ratioOfSums(ToDoubleFunction<Slice> value) {
        return ours.stream().mapToDouble(value).sum()
                / rivals.stream().mapToDouble(value).sum();
    }

    /** The median of the ratios of neighbours, those left out in which the rival did not get to run. */
    double medianRatio(ToDoubleFunction<Slice> value) {
        return median(IntStream.range(0, ours.size())
                .filter(i -> value.applyAsDouble(rivals.get(i)) > 0)
                .mapToDouble(i -> value.applyAsDouble(ours.get(i)) / value.applyAsDouble(rivals.get(i)))
                .toArray());
    }

    static double mean(List<Slice> slices, ToDoubleFunction<Slice> value) {
        return slices.stream().mapToDouble(value).average().orElse(Double.NaN);
    }

    /** NaN if there are none. */
    static double median(double... values) {
        if (values.length == 0) {
            return Double.NaN;
        }
        double[] sorted = values.clone();
        Arrays.sort(sorted);
        int half = sorted.length / 2;
        return sorted.length % 2 == 1 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
    }

    /** Frames lost of all, in per cent. */
    static double lossPercent(List<Slice> slices) {
        double lost = slices.stream().mapToLong(Slice::lost).sum();
        double all = lost + slices.stream().mapToLong(Slice::frames).sum();
        return all == 0 ? 0 : 100 * lost / all;
    }

    /** The first problem of some slices; empty if there is none. */
    static String problem(List<Slice> slices) {
        return slices.stream()
                .map(Slice::problem)
                .filter(problem -> !problem.isEmpty())
                .findFirst()
                .orElse("");
    }
}
