package io.annulet.guest.traffic;

import java.util.concurrent.atomic.AtomicLongArray;

/**
 * Numbered frames of the flows of one table in turn, their lengths in turn; owned by the thread that sends them, read by
 * others between phases.
 */
final class TestFrameSource implements FrameSource {

    private final FrameTable flows;
    private final int firstFlow;
    private final FrameSizes sizes;
    private final int[] cycle;
    private final AtomicLongArray sequences;
    private int nextFlow;
    private int nextSize;

    TestFrameSource(FrameTable flows, int firstFlow, FrameSizes sizes) {
        this.flows = flows;
        this.firstFlow = firstFlow;
        this.sizes = sizes;
        this.cycle = sizes.toArray();
        this.sequences = new AtomicLongArray(flows.count());
    }

    /** The frames of a load from one guest to another. */
    static TestFrameSource of(Load load, int firstFlow, int fromStation, int toStation) {
        return new TestFrameSource(FrameTable.of(load, firstFlow, fromStation, toStation), firstFlow, load.sizes());
    }

    /** The first of its flows, as frames name it. */
    int firstFlow() {
        return firstFlow;
    }

    int flows() {
        return flows.count();
    }

    /** The next number of a flow, counted from its first one; from any thread. */
    long nextSequence(int index) {
        return sequences.getAcquire(index);
    }

    @Override
    public int nextPair(int pairs) {
        return pairs == 1 ? 0 : nextFlow % pairs;
    }

    @Override
    public int nextByteLength() {
        return cycle[nextSize];
    }

    @Override
    public void writeNext(long headerAddress, long address, long stampNanos) {
        long sequence = sequences.getPlain(nextFlow);
        flows.describe(headerAddress, cycle[nextSize]);
        flows.write(address, cycle[nextSize], nextFlow, sequence, stampNanos);
        sequences.setRelease(nextFlow, sequence + 1);
        nextFlow = nextFlow + 1 == flows.count() ? 0 : nextFlow + 1;
        nextSize = nextSize + 1 == cycle.length ? 0 : nextSize + 1;
    }

    @Override
    public int maxByteLength() {
        return sizes.max();
    }

    @Override
    public double meanByteLength() {
        return sizes.mean();
    }
}
