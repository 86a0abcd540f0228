package io.annulet.cli.study.report;

import java.util.List;
import java.util.stream.IntStream;

/**
 * Points of one kind in a chart; those that are not finite, or cannot stand on a logarithmic axis, are left out.
 *
 * @param name in the legend; empty if it is not listed there
 * @param low end of the spread below each point, empty without spreads
 * @param colour a number: each has its colour and its marker
 */
public record Series(
        String name, List<Double> xs, List<Double> ys, List<Double> low, List<Double> high, Look look, int colour) {

    /** How the points are drawn. */
    public enum Look {
        /** Markers, joined by a line. */
        LINE,
        /** A dashed line without markers: a law. */
        LAW,
        /** Markers alone. */
        POINTS,
        /** Hollow markers alone: held back. */
        HOLLOW,
        /** A dotted line: an earlier run. */
        EARLIER
    }

    public Series {
        xs = List.copyOf(xs);
        ys = List.copyOf(ys);
        low = List.copyOf(low);
        high = List.copyOf(high);
        if (xs.size() != ys.size() || low.size() != high.size() || (!low.isEmpty() && low.size() != xs.size())) {
            throw new IllegalArgumentException("coordinates of series " + name + " differ in number");
        }
    }

    public static Series of(String name, Look look, int colour, List<Double> xs, List<Double> ys) {
        return new Series(name, xs, ys, List.of(), List.of(), look, colour);
    }

    /** The points that can be drawn, in the order given. */
    int[] drawn(Axis x, Axis y) {
        return IntStream.range(0, xs.size())
                .filter(i -> x.holds(xs.get(i)) && y.holds(ys.get(i)))
                .toArray();
    }
}
