package io.annulet.channel;

/** How an end wakes the other and waits to be woken; used by its end's thread. */
public interface Doorbell {

    int NO_NUMBER = -1;

    /** Of the peers of one server. */
    int MAX_NUMBERS = 65_536;

    /** The number by which others ring this end, from 0 on; {@link #NO_NUMBER} if they need none. */
    default int number() {
        return NO_NUMBER;
    }

    /**
     * Wakes the other end if it waits.
     *
     * @param number its own word for how it is rung, which anybody may have forged; negative if it said nothing
     */
    void ring(int number);

    /** Waits until rung, at most so long. May return early. */
    void await(long nanos);

    /** Ends an {@link #await} of this end, also one that has yet to begin; from any thread. */
    void wake();
}
