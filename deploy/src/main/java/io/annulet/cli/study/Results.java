package io.annulet.cli.study;

import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Predicate;
import java.util.stream.DoubleStream;

/** What a sweep found: for each point and metric the median of its rounds, and how far they spread; immutable. */
public final class Results {

    private final Map<Point, List<Sample>> samples = new LinkedHashMap<>();

    public Results(Collection<Sample> all) {
        for (Sample sample : all) {
            samples.computeIfAbsent(sample.point(), point -> new ArrayList<>()).add(sample);
        }
    }

    /** The points that were measured, or begun to be, in the order of the sweep's first round. */
    public List<Point> points(Predicate<Point> wanted) {
        return samples.keySet().stream().filter(wanted).toList();
    }

    public boolean isEmpty() {
        return samples.isEmpty();
    }

    private DoubleStream values(Point point, String metric) {
        return samples.getOrDefault(point, List.of()).stream()
                .filter(sample -> sample.values().containsKey(metric))
                .mapToDouble(sample -> sample.values().get(metric))
                .sorted();
    }

    /** What was measured in each round; rounds without the metric are left out. */
    Map<Integer, Double> byRound(Point point, String metric) {
        Map<Integer, Double> found = new TreeMap<>();
        for (Sample sample : samples.getOrDefault(point, List.of())) {
            Double value = sample.values().get(metric);
            if (value != null) {
                found.put(sample.round(), value);
            }
        }
        return found;
    }

    /** The median, or NaN where nothing was counted. */
    public double median(Point point, String metric) {
        double[] sorted = values(point, metric).toArray();
        if (sorted.length == 0) {
            return Double.NaN;
        }
        int middle = sorted.length / 2;
        return sorted.length % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
    }

    public double least(Point point, String metric) {
        return values(point, metric).min().orElse(Double.NaN);
    }

    public double most(Point point, String metric) {
        return values(point, metric).max().orElse(Double.NaN);
    }

    /** How far rounds lie apart, as a part of the median: the median over all points of (most - least) / median. */
    public double spread(String metric) {
        double[] spreads = samples.keySet().stream()
                .mapToDouble(point -> (most(point, metric) - least(point, metric)) / median(point, metric))
                .filter(Double::isFinite)
                .sorted()
                .toArray();
        return spreads.length == 0 ? Double.NaN : spreads[spreads.length / 2];
    }
}
