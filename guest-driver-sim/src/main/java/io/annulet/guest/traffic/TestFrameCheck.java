package io.annulet.guest.traffic;

import io.annulet.guest.FrameBurst;
import io.annulet.guest.ReceivedFrame;
import io.annulet.guest.SequenceTracker;
import io.annulet.memory.HostMemory;
import java.util.List;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/** Proves what became of the frames of {@link TestFrameSource}s at one guest; owned by the thread that receives them. */
final class TestFrameCheck implements FrameCheck {

    private final FrameForm form;
    private final boolean isFull;
    private final @Nullable TransportFrames transport;
    private final int station;
    private final List<TestFrameSource> sources;
    private final int flows;
    private final LongSupplier clock;
    private final LatencyRecorder latencies = new LatencyRecorder();
    private SequenceTracker sequences;
    private long seenNanos;
    private long frames;
    private long bytes;
    private long corrupted;
    private long misdelivered;
    private long misdescribed;
    private long foreign;

    /**
     * @param load as the senders have it
     * @param station whose addresses are the right ones
     * @param sources whose frames are expected; none if they are sent by someone else: then each flow begins anywhere
     * @param flows how many there are in all, by the numbers in the frames
     * @param clock of which the stamps are
     */
    TestFrameCheck(Load load, int station, List<TestFrameSource> sources, int flows, LongSupplier clock) {
        this.form = load.form();
        this.isFull = load.proof() == Proof.FULL;
        this.transport = TransportFrames.areMadeFor(load) ? new TransportFrames(load) : null;
        this.station = station;
        this.sources = List.copyOf(sources);
        this.flows = flows;
        this.clock = clock;
        this.sequences = new SequenceTracker(flows);
    }

    @Override
    public void beginBatch(long nowNanos) {
        seenNanos = nowNanos;
    }

    @Override
    public void onFrame(ReceivedFrame frame) {
        onFrame(frame.headerAddress(), frame.address(), frame.byteLength());
    }

    @Override
    public void onFrames(FrameBurst burst, ReceivedFrame each) {
        for (int i = 0; i < burst.count(); i++) {
            onFrame(burst.headerAddress(i), burst.address(i), burst.byteLength(i));
        }
    }

    private void onFrame(long header, long address, int byteLength) {
        if (!isOfForm(address, byteLength)) {
            foreign++;
            return;
        }
        int flow = HostMemory.loadShortUnaligned(address + form.flowAt());
        long sequence = HostMemory.loadLong(address + form.sequenceAt());
        long stampNanos = HostMemory.loadLong(address + form.stampAt());
        boolean isWhole = !isFull || isWhole(header, address, byteLength, flow, sequence, stampNanos);
        if (flow >= flows || !isWhole) {
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
        misdescribed += transport == null || transport.isDescribed(header, byteLength) ? 0 : 1;
        sequences.onFrame(flow, sequence);
        recordLatency(stampNanos);
    }

    private boolean isOfForm(long address, int byteLength) {
        return transport == null
                ? FlowTable.isOfForm(form, address, byteLength)
                : transport.isOfForm(address, byteLength);
    }

    private boolean isWhole(long header, long address, int byteLength, int flow, long sequence, long stampNanos) {
        return transport == null
                ? FlowTable.isWhole(form, address, byteLength, flow, sequence, stampNanos)
                : transport.isWhole(header, address, byteLength, flow, sequence, stampNanos);
    }

    /** The clock is read once a batch, and again for a frame that was sent since. */
    private void recordLatency(long stampNanos) {
        if (seenNanos < stampNanos) {
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
        misdescribed = 0;
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
                misdescribed,
                foreign);
    }

    @Override
    public LatencyRecorder latencies() {
        return latencies;
    }
}
