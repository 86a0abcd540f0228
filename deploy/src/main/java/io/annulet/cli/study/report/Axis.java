package io.annulet.cli.study.report;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * An axis of a chart: what it measures, in which unit, and how values are spread on it; immutable.
 *
 * @param title with the unit
 */
public record Axis(String title, Scale scale) {

    /** How values are spread. */
    public enum Scale {
        /** From 0 on. */
        LINEAR,
        /** Equal steps for equal factors, a mark for each power of ten. */
        LOG10,
        /** Likewise, a mark for each power of two. */
        LOG2
    }

    private static final int LINEAR_STEPS = 5;
    private static final int MOST_POWERS_OF_TWO = 12;

    public static Axis linear(String title) {
        return new Axis(title, Scale.LINEAR);
    }

    public static Axis log10(String title) {
        return new Axis(title, Scale.LOG10);
    }

    public static Axis log2(String title) {
        return new Axis(title, Scale.LOG2);
    }

    boolean holds(double value) {
        return Double.isFinite(value) && (scale == Scale.LINEAR ? value >= 0 : value > 0);
    }

    /** Where the axis ends, so that all values from {@code least} to {@code most} lie on it; begin and end. */
    double[] range(double least, double most) {
        if (scale == Scale.LINEAR) {
            double step = step(most);
            return new double[] {0, Math.max(step, Math.ceil(most / step * 1.02) * step)};
        }
        double margin = Math.pow(most / least, 0.04);
        double factor = Math.max(margin, 1.05);
        return new double[] {least / factor, most * factor};
    }

    private static double step(double most) {
        double raw = Math.max(most, 1e-9) / LINEAR_STEPS;
        double power = Math.pow(10, Math.floor(Math.log10(raw)));
        for (double nice : new double[] {1, 2, 2.5, 5}) {
            if (raw <= nice * power) {
                return nice * power;
            }
        }
        return 10 * power;
    }

    /** Where between the ends of {@code range} a value lies: 0 to 1. */
    double place(double value, double[] range) {
        return scale == Scale.LINEAR
                ? (value - range[0]) / (range[1] - range[0])
                : Math.log(value / range[0]) / Math.log(range[1] / range[0]);
    }

    /** Values that are marked with a number. */
    List<Double> marks(double[] range) {
        List<Double> marks = new ArrayList<>();
        if (scale == Scale.LINEAR) {
            double step = step(range[1] * 0.98);
            for (int i = 0; i * step <= range[1] * 1.0001; i++) {
                marks.add(i * step);
            }
            return marks;
        }
        if (scale == Scale.LOG2) {
            int skip = Math.log(range[1] / range[0]) / Math.log(2) > MOST_POWERS_OF_TWO ? 2 : 1;
            for (double mark = 1; mark <= range[1]; mark *= 1 << skip) {
                addInside(marks, mark, range);
            }
            return marks;
        }
        boolean wide = range[1] / range[0] > 300;
        for (double power = Math.pow(10, Math.floor(Math.log10(range[0]))); power <= range[1]; power *= 10) {
            addInside(marks, power, range);
            if (!wide) {
                addInside(marks, 2 * power, range);
                addInside(marks, 5 * power, range);
            }
        }
        return marks;
    }

    /** Values that get a fine line without a number. */
    List<Double> fineMarks(double[] range) {
        List<Double> marks = new ArrayList<>();
        if (scale == Scale.LOG10) {
            for (double power = Math.pow(10, Math.floor(Math.log10(range[0]))); power <= range[1]; power *= 10) {
                for (int i = 2; i < 10; i++) {
                    addInside(marks, i * power, range);
                }
            }
        }
        return marks;
    }

    private static void addInside(List<Double> marks, double mark, double[] range) {
        if (mark >= range[0] && mark <= range[1]) {
            marks.add(mark);
        }
    }

    /** A marked value in few characters: 1,000 is {@code 1k}, a millionth part of one {@code 1e-6}. */
    String label(double mark) {
        if (mark == 0) {
            return "0";
        }
        if (mark >= 1e9) {
            return plain(mark / 1e9) + "G";
        }
        if (mark >= 1e6) {
            return plain(mark / 1e6) + "M";
        }
        if (mark >= 10_000 || (mark >= 1000 && scale != Scale.LOG2)) {
            return plain(mark / 1e3) + "k";
        }
        return mark < 0.001 ? String.format(Locale.ROOT, "%.0e", mark) : plain(mark);
    }

    private static String plain(double value) {
        String text = String.format(Locale.ROOT, "%.3f", value);
        return text.replaceFirst("\\.?0+$", "");
    }
}
