package io.annulet.guest.traffic;

/**
 * How long a back-end may take before it counts as one that hangs. Nothing here waits longer than one of these.
 *
 * @param stallNanos for giving any buffer back
 * @param quietNanos for a frame that was sent
 */
public record Patience(long stallNanos, long quietNanos) {
    public static final Patience DEFAULTS = new Patience(2_000_000_000L, 200_000_000L);
}
