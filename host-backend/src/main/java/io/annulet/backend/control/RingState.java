package io.annulet.backend.control;

/**
 * The three states of a ring, and what leads from one to another. From vhost-user, QEMU 10, "Ring states".
 *
 * <pre>
 *                       START            START_ENABLED    ENABLE           DISABLE            STOP
 *  STOPPED              STARTED_DISABLED STARTED_ENABLED  STOPPED          STOPPED            STOPPED
 *  STARTED_DISABLED     -                -                STARTED_ENABLED  STARTED_DISABLED   STOPPED
 *  STARTED_ENABLED      -                -                STARTED_ENABLED  STARTED_DISABLED   STOPPED
 * </pre>
 *
 * A stopped ring remembers beside this whether it is to be enabled once it starts. A ring that runs is stopped before it
 * is started again.
 */
public enum RingState {
    /** The worker has nothing of it. */
    STOPPED,
    /** The worker discards what the driver transmits and delivers nothing. */
    STARTED_DISABLED,
    STARTED_ENABLED;

    /** What happens to a ring. */
    enum Move {
        START,
        START_ENABLED,
        ENABLE,
        DISABLE,
        STOP
    }

    boolean isStarted() {
        return this != STOPPED;
    }

    /** The state that a move leads to. A move that this state does not have is an error of ours, not of a peer. */
    RingState after(Move move) {
        return switch (move) {
            case STOP -> STOPPED;
            case ENABLE -> isStarted() ? STARTED_ENABLED : STOPPED;
            case DISABLE -> isStarted() ? STARTED_DISABLED : STOPPED;
            case START -> ifStopped(STARTED_DISABLED, move);
            case START_ENABLED -> ifStopped(STARTED_ENABLED, move);
        };
    }

    private RingState ifStopped(RingState next, Move move) {
        if (isStarted()) {
            throw new IllegalStateException(move + " of a ring that is " + this);
        }
        return next;
    }
}
