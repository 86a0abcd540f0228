package io.annulet.cli.sim;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Reads durations and shares as people write them; an {@link IllegalArgumentException} says how that is. */
final class Amounts {

    private static final Pattern DURATION = Pattern.compile("([0-9]+(?:\\.[0-9]+)?)(ns|us|ms|s|m|h)");
    private static final Pattern SHARE = Pattern.compile("([0-9]+(?:\\.[0-9]+)?)( ?%)?");

    private Amounts() {}

    /** Such as {@code 10s}, {@code 500ms}, {@code 2m}; in nanoseconds. */
    static long nanos(String text) {
        Matcher matcher = DURATION.matcher(text.toLowerCase(Locale.ROOT));
        if (!matcher.matches()) {
            throw new IllegalArgumentException("'" + text + "' is no duration; write it like 10s, 500ms or 2m");
        }
        double unit = switch (matcher.group(2)) {
            case "ns" -> 1;
            case "us" -> 1e3;
            case "ms" -> 1e6;
            case "s" -> 1e9;
            case "m" -> 60e9;
            default -> 3600e9;
        };
        return (long) (Double.parseDouble(matcher.group(1)) * unit);
    }

    /** Such as {@code 0.5%} or {@code 0.005}. */
    static double share(String text) {
        Matcher matcher = SHARE.matcher(text);
        if (!matcher.matches()) {
            throw new IllegalArgumentException("'" + text + "' is no share; write it like 0.5% or 0.005");
        }
        double value = Double.parseDouble(matcher.group(1)) / (matcher.group(2) == null ? 1 : 100);
        if (value > 1) {
            throw new IllegalArgumentException("'" + text + "' is more than everything");
        }
        return value;
    }

    /** Such as {@code 0,0.5%}. */
    static List<Double> shares(String text) {
        List<Double> shares = new ArrayList<>();
        for (String part : text.split(",", -1)) {
            shares.add(share(part.strip()));
        }
        return shares;
    }
}
