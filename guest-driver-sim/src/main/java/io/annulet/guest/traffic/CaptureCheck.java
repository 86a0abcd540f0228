package io.annulet.guest.traffic;

import io.annulet.guest.ReceivedFrame;
import io.annulet.guest.SequenceTracker;

/**
 * Proves what became of the frames of a {@link CaptureSource}; owned by the thread that receives them.
 *
 * <p>They carry no number of ours, so a frame is taken for the one that is due, or the nearest one before or behind it
 * that has its bytes; a frame like none of them is corrupted. They carry no stamp, so there are no latencies.
 */
final class CaptureCheck implements FrameCheck {

    /** How far a frame is looked for around the one that is due. */
    private static final int REACH = 1024;

    private final CaptureSource source;
    private final LatencyRecorder latencies = new LatencyRecorder();
    private SequenceTracker sequences = new SequenceTracker(1);
    private long first;
    private long due;
    private long frames;
    private long bytes;
    private long corrupted;
    private long foreign;

    CaptureCheck(CaptureSource source) {
        this.source = source;
    }

    @Override
    public void beginBatch(long nowNanos) {
        // no stamps
    }

    @Override
    public void onFrame(ReceivedFrame frame) {
        long address = frame.address();
        int byteLength = frame.byteLength();
        boolean isDue = due < source.sent() && source.isFrame(due, address, byteLength);
        long sequence = isDue ? due : find(address, byteLength);
        if (sequence < 0) {
            boolean isAnnouncement = Station.isAnnouncement(address, byteLength);
            corrupted += isAnnouncement ? 0 : 1;
            foreign += isAnnouncement ? 1 : 0;
            return;
        }
        frames++;
        bytes += byteLength;
        sequences.onFrame(0, sequence);
        due = Math.max(due, sequence + 1);
    }

    /** The number of the frame nearest to the due one with these bytes, or -1. */
    private long find(long address, int byteLength) {
        long sent = source.sent();
        for (int distance = 1; distance <= REACH; distance++) {
            long behind = due + distance;
            if (behind < sent && source.isFrame(behind, address, byteLength)) {
                return behind;
            }
            long before = due - distance;
            if (before >= first && source.isFrame(before, address, byteLength)) {
                return before;
            }
        }
        return -1;
    }

    @Override
    public void begin() {
        first = source.sent();
        due = first;
        sequences = new SequenceTracker(1);
        sequences.startFlow(0, first);
        frames = 0;
        bytes = 0;
        corrupted = 0;
        foreign = 0;
    }

    @Override
    public void end() {
        sequences.closeFlow(0, source.sent());
    }

    @Override
    public long accounted() {
        return frames - sequences.duplicated() - sequences.stale() + corrupted;
    }

    @Override
    public FrameCounts counts() {
        return new FrameCounts(
                frames,
                bytes,
                Math.max(0, sequences.lost() - corrupted),
                sequences.duplicated(),
                sequences.reordered(),
                sequences.stale(),
                corrupted,
                0,
                0,
                foreign);
    }

    @Override
    public LatencyRecorder latencies() {
        return latencies;
    }
}
