package io.annulet.guest.conform;

import java.nio.file.Path;

/** A back-end under test, and what can be done to its process; used by the thread of the run. */
public interface BackEnd extends AutoCloseable {

    /** How it is called in reports. */
    String name();

    /** How many ports it has, 1 or 2; with 2, frames sent on one come out of the other. */
    int ports();

    /** Where the back-end listens for the front-end of a port. */
    Path socket(int port);

    /**
     * Starts it, or starts it again after it was stopped or died. Returns at once; the sockets come in their time.
     *
     * @return false if that is not in the kit's power
     */
    boolean start();

    /** Whether its process runs, as far as the kit can know. */
    boolean isAlive();

    /** How it ended and what it said last; empty while it runs. */
    String obituary();

    /** Asks it to end (SIGTERM); whether it did in time. */
    Termination terminate(long timeoutNanos);

    /** Ends it, whatever it takes. */
    void stop();

    @Override
    default void close() {
        stop();
    }

    /** What a back-end did when it was asked to end. */
    enum Termination {
        ENDED,
        STAYED,
        /** The kit did not start it and so may not end it. */
        NOT_OURS
    }
}
