package io.annulet.backend.data;

import io.annulet.backend.port.Port;
import io.annulet.backend.stats.DropReason;
import org.jspecify.annotations.Nullable;

/** A straight link: what comes from one of two ports goes to the other; owned by a worker. */
public final class Link implements Forwarder {

    private final FrameList frames = new FrameList();
    private final OffloadFinisher finisher = new OffloadFinisher();
    private @Nullable Port one;
    private @Nullable Port other;

    /** While frames of a burst are pushed. */
    private @Nullable Port pushedTo;

    @Override
    public void add(Port port) {
        if (one == null) {
            one = port;
        } else if (other == null) {
            other = port;
        } else {
            throw new IllegalStateException("a link has two ends");
        }
    }

    @Override
    public void remove(Port port) {
        if (one == port) {
            one = null;
        } else if (other == port) {
            other = null;
        }
    }

    @Override
    public void abandon() {
        if (pushedTo != null) {
            pushedTo.counters().settle();
            pushedTo = null;
        }
    }

    @Override
    public void forward(Port source, FrameBurst burst) {
        Port destination = source == one ? other : one;
        frames.clear();
        long bytes = 0;
        int count = burst.count();
        for (int i = 0; i < count; i++) {
            DropReason why = burst.drop(i);
            if (why == null && destination == null) {
                why = DropReason.NO_DESTINATION;
            }
            if (why != null) {
                burst.drop(i, why);
                source.counters().inDropped(why);
            } else {
                frames.add(i);
                bytes += burst.frameByteLength(i);
            }
        }
        source.counters().in(count, bytes, frames.count());
        if (destination != null && frames.count() > 0) {
            burst.cost.begin(bytes);
            destination.counters().owes(frames.count());
            pushedTo = destination;
            finisher.push(destination, burst, frames);
            pushedTo = null;
        }
    }
}
