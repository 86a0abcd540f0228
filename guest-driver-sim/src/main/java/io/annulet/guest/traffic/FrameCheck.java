package io.annulet.guest.traffic;

import io.annulet.guest.FrameHandler;

/** What proves of received frames that they are those of a {@link FrameSource}; owned by the thread that receives them. */
interface FrameCheck extends FrameHandler {

    /** The frames that are handled next were seen together, when the first of them is handled. */
    void beginBatch();

    /**
     * From here on frames count: those that their sources send next are expected, older ones are of no interest.
     * Between phases, when nothing is under way.
     */
    void begin();

    /** Counts as lost what the sources sent and has not come. */
    void end();

    /** Frames of which it is known what became of them, of those expected; never more than were sent. */
    long accounted();

    FrameCounts counts();

    LatencyRecorder latencies();
}
