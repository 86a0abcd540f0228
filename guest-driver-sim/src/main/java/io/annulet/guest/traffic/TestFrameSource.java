package io.annulet.guest.traffic;

import io.annulet.guest.FrameBurst;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Numbered frames of the flows of one table in turn, their lengths in turn; owned by the thread that sends them, read by
 * others between phases.
 */
final class TestFrameSource implements FrameSource {

    private final FrameTable flows;
    private final int firstFlow;
    private final FrameSizes sizes;
    private final int[] cycle;
    private final long[] sequences;
    private final AtomicLong sent = new AtomicLong();
    private int nextFlow;
    private int nextSize;

    TestFrameSource(FrameTable flows, int firstFlow, FrameSizes sizes) {
        this.flows = flows;
        this.firstFlow = firstFlow;
        this.sizes = sizes;
        this.cycle = sizes.toArray();
        this.sequences = new long[flows.count()];
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
        return sent() == 0 ? 0 : sequences[index];
    }

    /** How many frames were sent; from any thread. */
    long sent() {
        return sent.getAcquire();
    }

    @Override
    public int nextPair(int pairs) {
        return pairs == 1 ? 0 : nextFlow % pairs;
    }

    @Override
    public int nextOfPair(int pairs) {
        return pairs == 1 ? Integer.MAX_VALUE : 1;
    }

    @Override
    public void writeNext(FrameBurst burst, long[] stamps) {
        int flow = nextFlow;
        int size = nextSize;
        for (int i = 0; i < burst.count(); i++) {
            long sequence = sequences[flow];
            int byteLength = cycle[size];
            flows.describe(burst.headerAddress(i), byteLength);
            flows.write(burst.address(i), byteLength, flow, sequence, stamps[i]);
            burst.byteLength(i, byteLength);
            sequences[flow] = sequence + 1;
            flow = flow + 1 == flows.count() ? 0 : flow + 1;
            size = size + 1 == cycle.length ? 0 : size + 1;
        }
        nextFlow = flow;
        nextSize = size;
        sent.setRelease(sent.getPlain() + burst.count());
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
