package io.annulet.guest.traffic;

import java.util.Locale;

/** Numbers for people: three digits that matter and a unit's prefix. */
public final class Quantities {

    private static final long MICRO = 1_000;
    private static final long MILLI = 1_000_000;
    private static final long WHOLE = 1_000_000_000;

    private Quantities() {}

    /** Such as {@code 950}, {@code 12.3 k}, {@code 4.56 M}. */
    public static String count(double value) {
        if (value < 1e3) {
            return value == Math.rint(value) ? String.format(Locale.ROOT, "%.0f", value) : digits(value);
        }
        if (value < 1e6) {
            return digits(value / 1e3) + " k";
        }
        return value < 1e9 ? digits(value / 1e6) + " M" : digits(value / 1e9) + " G";
    }

    private static String digits(double value) {
        return String.format(Locale.ROOT, value < 10 ? "%.2f" : value < 100 ? "%.1f" : "%.0f", value);
    }

    /** Such as {@code 640 ns}, {@code 12.3 us}, {@code 4.56 ms}, {@code 2 s}. */
    public static String nanos(long nanos) {
        if (nanos < MICRO) {
            return nanos + " ns";
        }
        if (nanos < MILLI) {
            return digits((double) nanos / MICRO) + " us";
        }
        return nanos < WHOLE ? digits((double) nanos / MILLI) + " ms" : digits((double) nanos / WHOLE) + " s";
    }

    /** A share of one as a percentage, such as {@code 0.512 %}; what is not 0 does not look like 0. */
    public static String percent(double share) {
        double percent = 100 * share;
        if (percent == 0) {
            return "0 %";
        }
        return percent < 0.001 ? "< 0.001 %" : String.format(Locale.ROOT, "%.3f %%", percent);
    }
}
