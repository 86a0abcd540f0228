package io.annulet.guest.traffic;

/**
 * How far a phase is.
 *
 * @param phase its name
 * @param share of the phase that is over, 0 to 1; below 0 if nobody knows
 * @param sent frames so far
 * @param received frames so far
 */
public record TrafficProgress(String phase, double share, long sent, long received) {

    /** Who is told of it, on the thread that runs the phases. */
    @FunctionalInterface
    public interface Listener {
        void onProgress(TrafficProgress progress);
    }
}
