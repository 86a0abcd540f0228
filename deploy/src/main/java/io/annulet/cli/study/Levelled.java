package io.annulet.cli.study;

import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableSet;
import java.util.TreeSet;

/**
 * A metric of points that were measured in the same rounds, freed of what a whole round adds or saves; immutable.
 *
 * <p>A machine may be faster by a third for some seconds, such as when the other thread of its core rests. Medians over rounds
 * then mix two machines, each point in another proportion. So each value is taken as its point's times its round's, and the
 * two are parted by median polish (Tukey, Exploratory Data Analysis, 1977) of the logarithms.
 */
public final class Levelled {

    private static final int STEPS = 10;

    private final Map<Point, Double> values = new LinkedHashMap<>();
    private final Map<Point, Double> spreads = new LinkedHashMap<>();

    /** @param metric positive wherever it was measured */
    public Levelled(Results results, List<Point> points, String metric) {
        NavigableSet<Integer> rounds = new TreeSet<>();
        points.forEach(point -> rounds.addAll(results.byRound(point, metric).keySet()));
        double[][] left = new double[rounds.size()][points.size()];
        int row = 0;
        for (int round : rounds) {
            for (int i = 0; i < points.size(); i++) {
                left[row][i] = Math.log(results.byRound(points.get(i), metric).getOrDefault(round, Double.NaN));
            }
            row++;
        }
        double[] ofRounds = new double[left.length];
        double[] ofPoints = new double[points.size()];
        for (int step = 0; step < STEPS; step++) {
            for (int r = 0; r < left.length; r++) {
                double shift = median(left[r]);
                ofRounds[r] += shift;
                for (int i = 0; i < left[r].length; i++) {
                    left[r][i] -= shift;
                }
            }
            for (int i = 0; i < ofPoints.length; i++) {
                double shift = median(column(left, i));
                ofPoints[i] += shift;
                for (double[] rest : left) {
                    rest[i] -= shift;
                }
            }
        }
        double level = median(ofRounds);
        for (int i = 0; i < ofPoints.length; i++) {
            double[] rests = finite(column(left, i));
            if (rests.length > 0) {
                values.put(points.get(i), Math.exp(ofPoints[i] + level));
                int quarter = rests.length / 4;
                spreads.put(points.get(i), Math.exp(rests[rests.length - 1 - quarter] - rests[quarter]) - 1);
            }
        }
    }

    /** At the median round; NaN where nothing was measured. */
    public double value(Point point) {
        return values.getOrDefault(point, Double.NaN);
    }

    /** How far apart the ends of the middle half of all rounds lie after that, as a part: small where it can be repeated. */
    public double middleSpread(Point point) {
        return spreads.getOrDefault(point, Double.NaN);
    }

    private static double[] column(double[][] rows, int column) {
        return Arrays.stream(rows).mapToDouble(row -> row[column]).toArray();
    }

    private static double[] finite(double[] any) {
        return Arrays.stream(any).filter(Double::isFinite).sorted().toArray();
    }

    /** Of those that are there; 0 if none is. */
    private static double median(double[] any) {
        double[] sorted = finite(any);
        int middle = sorted.length / 2;
        if (sorted.length == 0) {
            return 0;
        }
        return sorted.length % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
    }
}
