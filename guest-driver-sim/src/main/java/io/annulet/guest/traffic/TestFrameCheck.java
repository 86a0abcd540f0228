package io.annulet.guest.traffic;

import io.annulet.guest.ReceivedFrame;
import io.annulet.guest.SequenceTracker;
import io.annulet.memory.HostMemory;
import java.util.List;
import java.util.function.LongSupplier;

/** Proves what became of the frames of {@link TestFrameSource}s at one guest; owned by the thread that receives them. */
final class TestFrameCheck implements FrameCheck {

    private final FrameForm form;
    private final int station;
    private final List<TestFrameSource> sources;
    private final int flows;
    private final LongSupplier clock;
    private final LatencyRecorder latencies = new LatencyRecorder();
    private SequenceTracker sequences;
    private boolean isNewBatch;
    private long seenNanos;
    private long frames;
    private long bytes;
    private long corrupted;
    private long misdelivered;
    private long foreign;

    /**
     * @param station whose addresses are the right ones
     * @param sources whose frames are expected; none if they are sent by someone else: then each flow begins anywhere
     * @param flows how many there are in all, by the numbers in the frames
     * @param clock of which the stamps are
     */
    TestFrameCheck(FrameForm form, int station, List<TestFrameSource> sources, int flows, LongSupplier clock) {
        this.form = form;
        this.station = station;
        this.sources = List.copyOf(sources);
        this.flows = flows;
        this.clock = clock;
        this.sequences = new SequenceTracker(flows);
    }

    @Override
    public void beginBatch() {
        isNewBatch = true;
    }

    @Override
    public void onFrame(ReceivedFrame frame) {
        onFrame(frame.address(), frame.byteLength());
    }

    private void onFrame(long address, int byteLength) {
        if (!FlowTable.isOfForm(form, address, byteLength)) {
            foreign++;
            return;
        }
        int flow = HostMemory.loadShortUnaligned(address + form.flowAt());
        long sequence = HostMemory.loadLong(address + form.sequenceAt());
        long stampNanos = HostMemory.loadLong(address + form.stampAt());
        if (flow >= flows || !FlowTable.isWhole(form, address, byteLength, flow, sequence, stampNanos)) {
            corrupted++;
            return;
        }
        frames++;
        bytes += byteLength;
        long destination = FlowTable.destination(address);
        if (!sources.isEmpty() && !MacAddresses.isOf(station, destination) && destination != MacAddresses.BROADCAST) {
            misdelivered++;
            return;
        }
        sequences.onFrame(flow, sequence);
        recordLatency(stampNanos);
    }

    /** The clock is read once a batch, and again for a frame that was sent while the batch was handled. */
    private void recordLatency(long stampNanos) {
        if (isNewBatch || seenNanos < stampNanos) {
            isNewBatch = false;
            seenNanos = clock.getAsLong();
        }
        latencies.record(seenNanos - stampNanos);
    }

    @Override
    public void begin() {
        sequences = new SequenceTracker(flows);
        if (sources.isEmpty()) {
            sequences.startFlowsAnywhere();
        }
        for (TestFrameSource source : sources) {
            for (int i = 0; i < source.flows(); i++) {
                sequences.startFlow(source.firstFlow() + i, source.nextSequence(i));
            }
        }
        frames = 0;
        bytes = 0;
        corrupted = 0;
        misdelivered = 0;
        foreign = 0;
        latencies.reset();
    }

    @Override
    public void end() {
        for (TestFrameSource source : sources) {
            for (int i = 0; i < source.flows(); i++) {
                sequences.closeFlow(source.firstFlow() + i, source.nextSequence(i));
            }
        }
    }

    @Override
    public long accounted() {
        return frames - sequences.duplicated() - sequences.stale() - sequences.early() + corrupted;
    }

    @Override
    public FrameCounts counts() {
        return new FrameCounts(
                frames - sequences.early(),
                bytes,
                Math.max(0, sequences.lost() - corrupted),
                sequences.duplicated(),
                sequences.reordered(),
                sequences.stale(),
                corrupted,
                misdelivered,
                foreign);
    }

    @Override
    public LatencyRecorder latencies() {
        return latencies;
    }
}
