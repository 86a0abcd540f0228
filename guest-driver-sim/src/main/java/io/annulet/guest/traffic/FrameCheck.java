package io.annulet.guest.traffic;

import io.annulet.guest.FrameHandler;
import java.util.List;

/** What proves of received frames that they are those of a {@link FrameSource}; owned by the thread that receives them. */
interface FrameCheck extends FrameHandler {

    /** For test frames of a load; the parameters are those of {@link TestFrameCheck}. */
    static FrameCheck of(Load load, int station, List<TestFrameSource> sources, int flows) {
        return load.proof() == Proof.NONE
                ? new CountingCheck(sources)
                : new TestFrameCheck(load, station, sources, flows, System::nanoTime);
    }

    /** The frames that are handled next were seen together at this time. */
    void beginBatch(long nowNanos);

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
