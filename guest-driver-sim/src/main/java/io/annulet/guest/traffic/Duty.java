package io.annulet.guest.traffic;

/**
 * Something that a thread does again and again during a phase; owned by that thread, and before and after the phase by the
 * one that runs the phases.
 */
interface Duty {

    /** One duty cycle, which never waits; returns how many frames were moved. */
    int step(long nowNanos);

    /** Whether nothing is left to do. From any thread. */
    boolean isDone();
}
