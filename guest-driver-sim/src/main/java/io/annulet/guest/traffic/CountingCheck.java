package io.annulet.guest.traffic;

import io.annulet.guest.FrameBurst;
import io.annulet.guest.ReceivedFrame;
import java.util.List;

/** Counts frames without a look into them, for {@link Proof#NONE}; owned by the thread that receives them. */
final class CountingCheck implements FrameCheck {

    private final List<TestFrameSource> sources;
    private final LatencyRecorder latencies = new LatencyRecorder();
    private long sentBefore;
    private long sent;
    private long frames;
    private long bytes;

    /** @param sources whose frames are expected; none if they are sent by someone else */
    CountingCheck(List<TestFrameSource> sources) {
        this.sources = List.copyOf(sources);
    }

    @Override
    public void beginBatch(long nowNanos) {
        // frames have no time in them
    }

    @Override
    public void onFrame(ReceivedFrame frame) {
        count(frame.address(), frame.byteLength());
    }

    private void count(long address, int byteLength) {
        if (!Station.isAnnouncement(address, byteLength)) {
            frames++;
            bytes += byteLength;
        }
    }

    @Override
    public void onFrames(FrameBurst burst, ReceivedFrame each) {
        for (int i = 0; i < burst.count(); i++) {
            count(burst.address(i), burst.byteLength(i));
        }
    }

    @Override
    public boolean readsFrames() {
        return false;
    }

    @Override
    public void begin() {
        sentBefore = sentByAll();
        sent = 0;
        frames = 0;
        bytes = 0;
    }

    @Override
    public void end() {
        sent = sentByAll() - sentBefore;
    }

    private long sentByAll() {
        return sources.stream().mapToLong(TestFrameSource::sent).sum();
    }

    @Override
    public long accounted() {
        return frames;
    }

    @Override
    public FrameCounts counts() {
        boolean isKnown = !sources.isEmpty();
        long lost = isKnown ? Math.max(0, sent - frames) : 0;
        long duplicated = isKnown ? Math.max(0, frames - sent) : 0;
        return new FrameCounts(frames, bytes, lost, duplicated, 0, 0, 0, 0, 0, 0);
    }

    @Override
    public LatencyRecorder latencies() {
        return latencies;
    }
}
