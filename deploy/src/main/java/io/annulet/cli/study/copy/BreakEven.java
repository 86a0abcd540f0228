package io.annulet.cli.study.copy;

import io.annulet.cli.study.Fit;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * From which payload length on a route that saves a copy is cheaper than one that makes it.
 *
 * <p>The model: a copy of B bytes takes T_copy = B / k, with k bytes a nanosecond; a hand-over without a copy takes
 * T_zero = n / t, with n hand-overs for a frame (here 1) at t a nanosecond, whatever the length. They cost the same at
 * n* = k n / t bytes. Both are fitted: k is what a byte more costs on the copying route less what it costs on the other,
 * t what an empty frame costs on the other less what it costs on the copying one.
 *
 * @param bytesPerNano k; infinite or negative where the copy costs nothing that can be seen
 * @param zeroNanos n / t: what the hand-over costs beyond an empty copy; negative where it is cheaper even then
 * @param measuredBytes where the measured curves cross: 0 if the copying route is never cheaper, NaN if it always is
 */
record BreakEven(double bytesPerNano, double zeroNanos, double measuredBytes) {

    /** Cost of a payload on both routes. */
    record Pair(double bytes, double copyNanos, double zeroNanos) {}

    /** @throws IllegalArgumentException with fewer than three payload lengths */
    static BreakEven of(List<Pair> pairs) {
        Fit copy = line(pairs.stream()
                .map(pair -> new double[] {pair.bytes(), pair.copyNanos()})
                .toList());
        Fit zero = line(pairs.stream()
                .map(pair -> new double[] {pair.bytes(), pair.zeroNanos()})
                .toList());
        return new BreakEven(1 / (copy.b() - zero.b()), zero.a() - copy.a(), crossing(pairs));
    }

    /** The line fixed + perByte * B: the law a + b / n with the inverse of B for n. */
    private static Fit line(List<double[]> points) {
        return Fit.of(points.stream()
                .map(point -> new Fit.Observation(1 / point[0], point[1], false))
                .toList());
    }

    /** The last change from "copying is cheaper" to "copying is dearer", between two lengths by interpolation. */
    private static double crossing(List<Pair> unsorted) {
        List<Pair> pairs = new ArrayList<>(unsorted);
        pairs.sort((one, other) -> Double.compare(one.bytes(), other.bytes()));
        if (pairs.getLast().copyNanos() < pairs.getLast().zeroNanos()) {
            return Double.NaN;
        }
        for (int i = pairs.size() - 2; i >= 0; i--) {
            double here = pairs.get(i).copyNanos() - pairs.get(i).zeroNanos();
            double above = pairs.get(i + 1).copyNanos() - pairs.get(i + 1).zeroNanos();
            if (here < 0) {
                double part = -here / (above - here);
                return pairs.get(i).bytes()
                        + part * (pairs.get(i + 1).bytes() - pairs.get(i).bytes());
            }
        }
        return 0;
    }

    /** n* by the model: 0 if saving the copy pays at any length, infinite if at none. */
    double modelBytes() {
        if (zeroNanos <= 0) {
            return 0;
        }
        return bytesPerNano > 0 ? bytesPerNano * zeroNanos : Double.POSITIVE_INFINITY;
    }

    String model() {
        return words(modelBytes());
    }

    String measured() {
        return words(Double.isNaN(measuredBytes) ? Double.POSITIVE_INFINITY : measuredBytes);
    }

    private static String words(double bytes) {
        if (bytes == 0) {
            return "pays at every length";
        }
        return Double.isInfinite(bytes) || bytes > Buffers.MOST_BYTES
                ? "not up to 64 KiB"
                : String.format(Locale.ROOT, "%,.0f B", bytes);
    }
}
