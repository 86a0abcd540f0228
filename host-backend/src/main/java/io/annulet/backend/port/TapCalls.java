package io.annulet.backend.port;

import io.annulet.backend.data.FrameBurst;
import io.annulet.backend.data.FrameList;
import io.annulet.backend.stats.DropReason;
import io.annulet.backend.stats.PortCounters;
import io.annulet.linux.Tap;

/** Writes frames to a tap with a writev each; owned by one worker. */
final class TapCalls extends TapWriter {

    private final Tap tap;

    TapCalls(Tap tap) {
        this.tap = tap;
    }

    @Override
    void writeAll(FrameBurst burst, FrameList frames, PortCounters counters) {
        for (int i = 0; i < frames.count(); i++) {
            int frame = frames.frame(i);
            int count = gather(burst, frame, 0);
            if (count == TOO_MANY) {
                burst.watch().lose(counters, frame, DropReason.REFUSED);
            } else {
                written(burst, frame, tap.writev(vectors.address(), count), counters);
                called();
            }
        }
    }
}
