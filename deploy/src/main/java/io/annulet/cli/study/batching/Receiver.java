package io.annulet.cli.study.batching;

/** The end of a queue at which frames come out; owned by its thread. */
interface Receiver {

    /** Takes up to {@code max} frames that are there, and gives their buffers back; how many. */
    int take(int max);

    /** Sleeps until there is a frame, having asked for a notification; returns at once if there is one already. */
    void askAndSleep();

    /** Sleeps until there is a notification, which comes without being asked for. */
    void sleep();

    /** Sleeps until {@code frames} more have come, if the queue can ask for so many, else until there is a notification. */
    default void sleepUntil(int frames) {
        sleep();
    }

    /** Tells the sender that all of a batch was taken. For lock-step. */
    void answer();

    /** System calls made so far. */
    long calls();
}
