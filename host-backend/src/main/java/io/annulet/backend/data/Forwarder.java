package io.annulet.backend.data;

import io.annulet.backend.port.Port;

/** Decides where the frames of a burst go, and sends them; owned by a worker. */
public sealed interface Forwarder permits Link, Switch {

    /** Sends every frame of the burst that is not dropped to where it belongs. */
    void forward(Port source, FrameBurst burst);

    /** A port of this domain begins to work. */
    void add(Port port);

    void remove(Port port);

    /** What a port of this domain may do has changed. */
    default void changePolicy(Port port) {}

    /** Forgets a burst that was not seen to its end: what was forwarded of it and did not leave is counted as lost. */
    void abandon();

    /** Does what time brings about. */
    default void tick(long nowNanos) {}
}
