package io.annulet.backend.data;

/** What a worker does when it finds nothing to do. */
public enum PollMode {
    /** Polls a while longer, then sleeps until something wakes it. */
    ADAPTIVE,
    /** Never sleeps. */
    BUSY,
    /** Sleeps at once. */
    SLEEP
}
