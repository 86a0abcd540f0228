package io.annulet.backend.data;

import io.annulet.backend.port.Port;
import io.annulet.backend.stats.DropReason;
import io.annulet.backend.stats.PortCounters;
import org.jspecify.annotations.Nullable;

/**
 * Who looks on while a burst is moved, and which of its frames were dropped by the port that they were pushed to last; owned
 * by the burst's worker. Nothing is noted while nobody looks on.
 */
public final class BurstWatch {

    private @Nullable FrameObserver observer;
    private final @Nullable DropReason[] reasons = new @Nullable DropReason[FrameBurst.CAPACITY];
    private long lost; // a bit for each frame

    BurstWatch() {}

    @Nullable
    FrameObserver observer() {
        return observer;
    }

    void observer(@Nullable FrameObserver who) {
        observer = who;
    }

    /** Pushes frames to a port, before the eyes of whoever looks on. */
    void push(Port to, FrameBurst burst, FrameList frames) {
        FrameObserver seen = observer;
        if (seen == null) {
            to.push(burst, frames);
            return;
        }
        lost = 0;
        seen.pushing(to, burst, frames);
        to.push(burst, frames);
        seen.pushed(to, burst, frames);
    }

    /** Drops a frame that was to be pushed to a port. */
    void withhold(Port from, FrameBurst burst, int frame, DropReason why) {
        from.counters().outDropped(why);
        if (observer != null) {
            observer.withheld(from, burst, frame, why);
        }
    }

    /** The port that a frame was pushed to drops it, and counts that. */
    public void lose(PortCounters counters, int frame, DropReason why) {
        counters.outDropped(why);
        if (observer != null) {
            note(frame, why);
        }
    }

    /** Likewise all frames of a list from one on. */
    public void lose(PortCounters counters, FrameList frames, int from, DropReason why) {
        counters.outDropped(why, frames.count() - from);
        for (int i = from; i < frames.count() && observer != null; i++) {
            note(frames.frame(i), why);
        }
    }

    private void note(int frame, DropReason why) {
        reasons[frame] = why;
        lost |= 1L << frame;
    }

    /** Why the port that a frame was pushed to last dropped it, or null. */
    public @Nullable DropReason lost(int frame) {
        return (lost & 1L << frame) == 0 ? null : reasons[frame];
    }
}
