package io.annulet.backend.data;

import io.annulet.backend.port.Port;
import io.annulet.backend.stats.DropReason;

/**
 * Looks on while a worker moves frames, and changes nothing; called by that worker, for each burst in this order. What it
 * wants to keep it copies: all that it sees is gone with the burst.
 */
public interface FrameObserver {

    /** A burst was pulled from a port, and nothing has been decided on but what {@link FrameBurst#drop} tells already. */
    void pulled(Port source, FrameBurst burst);

    /** The listed frames are about to be pushed to a port, in the form that they have there. */
    void pushing(Port destination, FrameBurst burst, FrameList frames);

    /** They were; {@link BurstWatch#lost} tells which of them the port dropped. */
    void pushed(Port destination, FrameBurst burst, FrameList frames);

    /** A frame that was to go to a port is not pushed to it. */
    void withheld(Port destination, FrameBurst burst, int frame, DropReason why);

    /** The burst was seen to its end; {@link FrameBurst#drop} tells which of its frames went nowhere. */
    void finished(Port source, FrameBurst burst);

    /** The burst was given up, since memory went away: it will come again, or never. */
    void abandoned();
}
