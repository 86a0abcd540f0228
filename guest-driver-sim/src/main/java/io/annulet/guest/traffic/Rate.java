package io.annulet.guest.traffic;

import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * How fast frames are offered.
 *
 * @param value a second; 0 with {@link Unit#MAX}
 */
public record Rate(Unit unit, double value) {

    /** What is counted. */
    public enum Unit {
        /** As many as the ring takes. */
        MAX,
        FRAMES,
        /** Bits of frames as virtio carries them: no preamble, gap or frame check sequence. */
        BITS
    }

    public static final Rate MAX = new Rate(Unit.MAX, 0);

    private static final Pattern FORM =
            Pattern.compile("([0-9]+(?:\\.[0-9]+)?)([kmg]?)(|pps|fps|/s|bit|bits|bps|bit/s)");
    private static final double HIGHEST = 1e12;

    public Rate {
        if (unit != Unit.MAX && !(value > 0 && value <= HIGHEST)) {
            throw new IllegalArgumentException("a rate of " + value + " a second");
        }
    }

    public static Rate ofFrames(double frames) {
        return new Rate(Unit.FRAMES, frames);
    }

    /**
     * Reads {@code max}, frames a second such as {@code 100k} or {@code 1.5M}, or bits a second such as {@code 10Gbit}.
     *
     * @throws IllegalArgumentException if it is none of these; the message says what is
     */
    public static Rate parse(String text) {
        String lower = text.toLowerCase(Locale.ROOT);
        if (lower.equals("max")) {
            return MAX;
        }
        Matcher matcher = FORM.matcher(lower);
        if (!matcher.matches()) {
            throw new IllegalArgumentException("'" + text + "' is no rate; write it like 100k, 1.5M, 10Gbit or max");
        }
        double value = Double.parseDouble(matcher.group(1)) * factor(matcher.group(2));
        return new Rate(matcher.group(3).startsWith("b") ? Unit.BITS : Unit.FRAMES, value);
    }

    private static double factor(String prefix) {
        return switch (prefix) {
            case "k" -> 1e3;
            case "m" -> 1e6;
            case "g" -> 1e9;
            default -> 1;
        };
    }

    /** Frames a second if their mean length is this, in bytes; 0 if it is {@link #MAX}. */
    public double inFrames(double meanByteLength) {
        return unit == Unit.BITS ? value / (8 * meanByteLength) : value;
    }

    public boolean isMax() {
        return unit == Unit.MAX;
    }

    @Override
    public String toString() {
        return switch (unit) {
            case MAX -> "max";
            case FRAMES -> Quantities.count(value) + " frames/s";
            case BITS -> Quantities.count(value) + "bit/s";
        };
    }
}
