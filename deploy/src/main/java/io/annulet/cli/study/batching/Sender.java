package io.annulet.cli.study.batching;

/** The end of a queue at which frames go in; owned by its thread. */
interface Sender {

    /**
     * Puts up to {@code frames} frames into the queue, each with the time at which it was due.
     *
     * @param firstNanos when the first was due
     * @param stepNanos time between two
     * @return how many there was room for
     */
    int put(int frames, long firstNanos, long stepNanos);

    /** Shows the receiver what was put in; whether it asks for a notification. */
    boolean publish();

    void ring();

    /** Sleeps until the receiver has taken {@code frames} frames; false if it did not in time. For lock-step. */
    boolean awaitTaken(int frames);

    /** System calls made so far. */
    long calls();

    /** Notifications sent so far. */
    long rings();
}
