package io.annulet.guest.traffic;

/**
 * How a sender brings frames to its device.
 *
 * @param burst frames offered in one duty cycle at most
 * @param frames how many are shown to the device at once: fewer wait for more
 * @param holdNanos but no longer than this; 0 to show what there is after each duty cycle
 */
public record Batching(int burst, int frames, long holdNanos) {

    public static final Batching DEFAULTS = new Batching(32, 1, 0);

    public Batching {
        if (burst < 1 || frames < 1 || holdNanos < 0) {
            throw new IllegalArgumentException("a burst and a batch have one frame at least");
        }
    }

    /** Batches of exactly this many frames. */
    public static Batching of(int frames, long holdNanos) {
        return new Batching(frames, frames, holdNanos);
    }
}
