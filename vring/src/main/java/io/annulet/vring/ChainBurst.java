package io.annulet.vring;

/**
 * Descriptor chains taken from one ring in one go, with their buffers as host addresses; owned by the worker that took
 * them.
 *
 * <p>Chain {@code i} has a head, a {@link ChainFault}, and segments {@code firstSegment(i)} up to {@code endSegment(i)}:
 * first those the device reads, then from {@code firstWritable(i)} on those it writes. A buffer that crosses from one
 * memory region into the next is several segments. Each segment is checked: all its bytes are guest memory. Empty
 * buffers have no segment.
 */
public final class ChainBurst {

    private final int[] heads;
    private final int[] firstSegments;
    private final int[] firstWritables;
    private final int[] endSegments;
    private final long[] readableByteLengths;
    private final long[] writableByteLengths;
    private final ChainFault[] faults;
    private final long[] segmentAddresses;
    private final int[] segmentByteLengths;
    private int count;
    private int segmentCount;

    // Words of the descriptors that heads point to, while a burst is being taken.
    final long[] headAddresses;
    final long[] headDetails;

    /** Room for {@code capacity} chains with {@code segmentCapacity} segments together. */
    public ChainBurst(int capacity, int segmentCapacity) {
        heads = new int[capacity];
        firstSegments = new int[capacity];
        firstWritables = new int[capacity];
        endSegments = new int[capacity];
        readableByteLengths = new long[capacity];
        writableByteLengths = new long[capacity];
        faults = new ChainFault[capacity];
        segmentAddresses = new long[segmentCapacity];
        segmentByteLengths = new int[segmentCapacity];
        headAddresses = new long[capacity];
        headDetails = new long[capacity];
    }

    public int count() {
        return count;
    }

    public int capacity() {
        return heads.length;
    }

    public int head(int chain) {
        return heads[chain];
    }

    public ChainFault fault(int chain) {
        return faults[chain];
    }

    public int firstSegment(int chain) {
        return firstSegments[chain];
    }

    public int firstWritable(int chain) {
        return firstWritables[chain];
    }

    public int endSegment(int chain) {
        return endSegments[chain];
    }

    /** Bytes in the segments that the device reads. */
    public long readableByteLength(int chain) {
        return readableByteLengths[chain];
    }

    /** Bytes in the segments that the device writes. */
    public long writableByteLength(int chain) {
        return writableByteLengths[chain];
    }

    public long segmentAddress(int segment) {
        return segmentAddresses[segment];
    }

    public int segmentByteLength(int segment) {
        return segmentByteLengths[segment];
    }

    public void clear() {
        count = 0;
        segmentCount = 0;
    }

    /** Drops all chains from {@code keep} on. */
    public void truncate(int keep) {
        if (keep < count) {
            segmentCount = firstSegments[keep];
            count = keep;
        }
    }

    /** Adds a chain of one readable segment in memory of our own, as a port that has no ring brings its frames. */
    public void addOwn(int id, long address, int byteLength) {
        begin(id);
        segment(address, byteLength);
        end(byteLength, 0, segmentCount);
    }

    /**
     * Adds a chain of readable segments that are {@code byteLength} bytes of another burst's, from {@code offset} in
     * segment {@code first} on; nothing is copied.
     *
     * @return false if there is no room; the burst is as it was then
     */
    public boolean addParts(int id, ChainBurst from, int first, int offset, int byteLength) {
        begin(id);
        int left = byteLength;
        int skip = offset;
        for (int i = first; left > 0; i++) {
            int piece = Math.min(from.segmentByteLengths[i] - skip, left);
            if (piece > 0 && !segment(from.segmentAddresses[i] + skip, piece)) {
                forget();
                return false;
            }
            left -= Math.max(piece, 0);
            skip = piece >= 0 ? 0 : -piece;
        }
        end(byteLength, 0, segmentCount);
        return true;
    }

    public int segmentCapacity() {
        return segmentAddresses.length;
    }

    void headAt(int chain, int head) {
        heads[chain] = head;
    }

    // Building a chain: begin, segments, end (or endFaulty).

    void begin(int head) {
        heads[count] = head;
        firstSegments[count] = segmentCount;
    }

    /** False if there is no room. */
    boolean segment(long address, int byteLength) {
        int i = segmentCount;
        if (i == segmentAddresses.length) {
            return false;
        }
        segmentAddresses[i] = address;
        segmentByteLengths[i] = byteLength;
        segmentCount = i + 1;
        return true;
    }

    int segmentCount() {
        return segmentCount;
    }

    void end(long readableByteLength, long writableByteLength, int firstWritable) {
        int i = count;
        faults[i] = ChainFault.NONE;
        firstWritables[i] = firstWritable;
        endSegments[i] = segmentCount;
        readableByteLengths[i] = readableByteLength;
        writableByteLengths[i] = writableByteLength;
        count = i + 1;
    }

    void endFaulty(ChainFault fault) {
        segmentCount = firstSegments[count];
        end(0, 0, segmentCount);
        faults[count - 1] = fault;
    }

    /** Drops the chain that was begun, as if it had not been taken. */
    void forget() {
        segmentCount = firstSegments[count];
    }
}
