package io.annulet.channel;

/** How an end wakes the other and waits to be woken; used by its end's thread. */
public interface Doorbell {

    /** Wakes the other end if it waits. */
    void ring();

    /** Waits until rung, at most so long. May return early. */
    void await(long nanos);

    /** Ends an {@link #await} of this end, also one that has yet to begin; from any thread. */
    void wake();
}
