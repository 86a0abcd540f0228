package io.annulet.cli.study;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * The law y = a + b / n through costs at batch sizes n, by least squares of relative errors: a plain sum would see only the
 * smallest batches, whose costs are a hundred times larger. Some points are held back, and the law is judged on them.
 *
 * @param a cost of one frame that no batching takes away
 * @param b cost of one batch, shared by its frames
 * @param r2 coefficient of determination on the points fitted: 1 minus the rest's part of the variance
 * @param worstHeldBack largest relative error on the points held back, at batch size {@code worstBatch}; NaN without any
 * @param worstSigned the same error with its sign: positive where the measured cost is above the law
 */
public record Fit(
        double a, double b, double r2, double worstHeldBack, double worstSigned, double worstBatch, int points) {

    public static final double LEAST_R2 = 0.99;
    public static final double MOST_ERROR = 0.05;

    /** A cost at a batch size; {@code heldBack} ones are not fitted. */
    public record Observation(double batch, double cost, boolean heldBack) {}

    /**
     * Fits a law.
     *
     * @throws IllegalArgumentException with fewer than three different batch sizes to fit
     */
    public static Fit of(List<Observation> all) {
        List<Observation> fitted = all.stream().filter(o -> !o.heldBack()).toList();
        if (fitted.stream().mapToDouble(Observation::batch).distinct().count() < 3) {
            throw new IllegalArgumentException("three batch sizes at least are needed for a fit");
        }
        double w = 0;
        double wu = 0;
        double wuu = 0;
        double wy = 0;
        double wuy = 0;
        for (Observation o : fitted) {
            double u = 1 / o.batch();
            double weight = 1 / (o.cost() * o.cost());
            w += weight;
            wu += weight * u;
            wuu += weight * u * u;
            wy += weight * o.cost();
            wuy += weight * u * o.cost();
        }
        double b = (w * wuy - wu * wy) / (w * wuu - wu * wu);
        double a = (wy - b * wu) / w;
        Observation worst = worst(all, a, b);
        double signed = worst == null ? Double.NaN : error(worst, a, b);
        return new Fit(
                a,
                b,
                r2(fitted, a, b),
                Math.abs(signed),
                signed,
                worst == null ? Double.NaN : worst.batch(),
                fitted.size());
    }

    private static double error(Observation o, double a, double b) {
        double law = a + b / o.batch();
        return (o.cost() - law) / law;
    }

    private static Fit.@org.jspecify.annotations.Nullable Observation worst(List<Observation> all, double a, double b) {
        List<Observation> heldBack =
                new ArrayList<>(all.stream().filter(Observation::heldBack).toList());
        heldBack.sort((one, other) -> Double.compare(Math.abs(error(other, a, b)), Math.abs(error(one, a, b))));
        return heldBack.isEmpty() ? null : heldBack.getFirst();
    }

    private static double r2(List<Observation> fitted, double a, double b) {
        double mean = fitted.stream().mapToDouble(Observation::cost).average().orElse(0);
        double rest = 0;
        double variance = 0;
        for (Observation o : fitted) {
            rest += Math.pow(o.cost() - (a + b / o.batch()), 2);
            variance += Math.pow(o.cost() - mean, 2);
        }
        return variance == 0 ? Double.NaN : 1 - rest / variance;
    }

    public double at(double batch) {
        return a + b / batch;
    }

    /** Whether the law describes what was measured: enough of the variance, and the points it was not made from. */
    public boolean holds() {
        return a > 0 && b > 0 && r2 >= LEAST_R2 && worstHeldBack <= MOST_ERROR;
    }

    /** The batch size from which on throughput is within {@code part} of that of endless batches, by the law. */
    public double batchWithin(double part) {
        return b / a * (1 - part) / part;
    }

    /** Whether the law holds, and if not where it fails, as a sentence. */
    public String verdict() {
        if (a <= 0 || b <= 0) {
            return "The law does not hold: it would need a negative " + (a <= 0 ? "cost per frame" : "cost per batch")
                    + ".";
        }
        String error = percent(worstHeldBack) + " at batch " + Math.round(worstBatch);
        if (holds()) {
            return "The law holds: R\u00b2 " + number(r2) + ", and no point held back is further from it than " + error
                    + ".";
        }
        String where = worstSigned > 0 ? "dearer" : "cheaper";
        return "The law does not hold to 5 %: R\u00b2 " + number(r2) + ", and the worst point held back is " + error
                + " (frames are " + where + " there than the law says).";
    }

    private static String percent(double part) {
        return String.format(Locale.ROOT, "%.1f %%", 100 * part);
    }

    private static String number(double value) {
        return String.format(Locale.ROOT, "%.4f", value);
    }

    /** For the summary. */
    public Map<String, Object> toMap() {
        Map<String, Object> map = new LinkedHashMap<>();
        map.put("a", a);
        map.put("b", b);
        map.put("r2", r2);
        map.put("worstHeldBack", worstHeldBack);
        map.put("worstBatch", worstBatch);
        map.put("holds", holds());
        return map;
    }
}
