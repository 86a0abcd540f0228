package io.annulet.backend.data;

import io.annulet.backend.port.Port;
import io.annulet.backend.stats.DropReason;
import io.annulet.backend.stats.PortCounters;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Stands for a port in a {@link FrameTrial}, and notes what is pushed to it; used by the trial's thread. */
final class TrialPort implements Port {

    final List<FrameTrial.Part> parts = new ArrayList<>();

    /** Why what was pushed last was dropped. */
    @Nullable
    DropReason lost;

    private final FrameTrial.Place place;
    private final PortCounters counters;

    TrialPort(FrameTrial.Place place, PortCounters counters) {
        this.place = place;
        this.counters = counters;
    }

    boolean isMirror() {
        return place.policy().mirror() != null;
    }

    @Override
    public String name() {
        return place.name();
    }

    @Override
    public PortCounters counters() {
        return counters;
    }

    @Override
    public void attached(Readiness readiness) {}

    @Override
    public void detached() {}

    @Override
    public int pull(FrameBurst burst) {
        return 0;
    }

    @Override
    public void finish(FrameBurst burst) {}

    @Override
    public int accepts() {
        return place.accepts();
    }

    @Override
    public void push(FrameBurst burst, FrameList frames) {
        for (int i = 0; i < frames.count(); i++) {
            int frame = frames.frame(i);
            parts.add(new FrameTrial.Part(
                    burst.frameByteLength(frame), burst.offloads(frame), VlanTag.byteLength(burst, frame) > 0));
            if (!PromisedMtu.admits(place.mtu(), burst, frame)) {
                lost = DropReason.TOO_LONG;
                burst.watch().lose(counters, frame, DropReason.TOO_LONG);
            }
        }
    }

    @Override
    public boolean awaitWork() {
        return false;
    }

    @Override
    public void stopAwaiting() {}

    @Override
    public boolean recoverFromMemoryLoss() {
        return true;
    }

    @Override
    public void memoryLost() {}
}
