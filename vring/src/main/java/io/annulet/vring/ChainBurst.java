package io.annulet.vring;

import io.annulet.memory.HostMemory;

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

    // A chain's word: head in the low 16 bits, first segment in the 32 above, and two flags. Nearly all chains are one
    // buffer in one region, and a word and a segment are all that is kept of them.

    private static final int FIRST_SEGMENT = 16;
    private static final long HEAD_MASK = 0xffff;
    private static final long SINGLE = 1L << 62;
    private static final long WRITABLE = 1L << 63;

    private final long[] words;

    /** Address and length of one segment after another. */
    private final long[] segments;

    private final int[] written;
    private int count;
    private int segmentCount;

    /** Keeps the compiler from leaving {@link #touch} out. */
    int touched;

    // Of chains that are not a single segment.
    private final int[] firstWritables;
    private final int[] endSegments;
    private final long[] readableByteLengths;
    private final long[] writableByteLengths;
    private final ChainFault[] faults;

    /** Room for {@code capacity} chains with {@code segmentCapacity} segments together. */
    public ChainBurst(int capacity, int segmentCapacity) {
        words = new long[capacity];
        segments = new long[2 * segmentCapacity];
        written = new int[capacity];
        firstWritables = new int[capacity];
        endSegments = new int[capacity];
        readableByteLengths = new long[capacity];
        writableByteLengths = new long[capacity];
        faults = new ChainFault[capacity];
    }

    public int count() {
        return count;
    }

    public int capacity() {
        return words.length;
    }

    public int head(int chain) {
        return (int) (words[chain] & HEAD_MASK);
    }

    public ChainFault fault(int chain) {
        return isSingle(chain) ? ChainFault.NONE : faults[chain];
    }

    /** Whether the chain is one segment, and sound. */
    public boolean isSingle(int chain) {
        return (words[chain] & SINGLE) != 0;
    }

    /** Whether the chain is one segment that the device writes. */
    public boolean isSingleWritable(int chain) {
        return (words[chain] & (SINGLE | WRITABLE)) == (SINGLE | WRITABLE);
    }

    /** Whether the chain is one segment that the device reads. */
    public boolean isSingleReadable(int chain) {
        return (words[chain] & (SINGLE | WRITABLE)) == SINGLE;
    }

    public int firstSegment(int chain) {
        return (int) (words[chain] >>> FIRST_SEGMENT);
    }

    public int firstWritable(int chain) {
        return isSingle(chain) ? firstSegment(chain) + (isSingleWritable(chain) ? 0 : 1) : firstWritables[chain];
    }

    public int endSegment(int chain) {
        return isSingle(chain) ? firstSegment(chain) + 1 : endSegments[chain];
    }

    /** Bytes in the segments that the device reads. */
    public long readableByteLength(int chain) {
        if (isSingle(chain)) {
            return isSingleWritable(chain) ? 0 : segmentByteLength(firstSegment(chain));
        }
        return readableByteLengths[chain];
    }

    /** Bytes in the segments that the device writes. */
    public long writableByteLength(int chain) {
        if (isSingle(chain)) {
            return isSingleWritable(chain) ? segmentByteLength(firstSegment(chain)) : 0;
        }
        return writableByteLengths[chain];
    }

    /** Bytes that were written into the chain, to be told to the driver. */
    public int written(int chain) {
        return written[chain];
    }

    public void written(int chain, int byteLength) {
        written[chain] = byteLength;
    }

    public long segmentAddress(int segment) {
        return segments[2 * segment];
    }

    public int segmentByteLength(int segment) {
        return (int) segments[2 * segment + 1];
    }

    public void clear() {
        count = 0;
        segmentCount = 0;
    }

    /** Drops all chains from {@code keep} on. */
    public void truncate(int keep) {
        if (keep < count) {
            segmentCount = firstSegment(keep);
            count = keep;
        }
    }

    /** Adds a chain of one readable segment in memory of our own, as a port that has no ring brings its frames. */
    public void addOwn(int id, long address, int byteLength) {
        single(0, id, address, byteLength, false);
        addSingles(1);
    }

    /**
     * Adds a segment in memory of our own to the chain that was added last.
     *
     * @return false if there is no room; the chain is as it was then
     */
    public boolean extendOwn(long address, int byteLength) {
        int last = count - 1;
        long readable = readableByteLength(last) + byteLength;
        if (!segment(address, byteLength)) {
            return false;
        }
        words[last] &= ~SINGLE;
        count = last;
        end(readable, 0, segmentCount);
        return true;
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
            int piece = Math.min(from.segmentByteLength(i) - skip, left);
            if (piece > 0 && !segment(from.segmentAddress(i) + skip, piece)) {
                forget();
                return false;
            }
            left -= Math.max(piece, 0);
            skip = piece >= 0 ? 0 : -piece;
        }
        end(byteLength, 0, segmentCount);
        return true;
    }

    /**
     * Loads the first byte of each chain and that at {@code offset}, or its segment's last, and uses none of them. Cache
     * lines come from the core on which the driver runs, which takes as long as some hundred instructions; asked for in one
     * go, they come together.
     */
    public void touch(int offset) {
        int loaded = 0;
        for (int i = 0; i < count; i++) {
            int segment = firstSegment(i);
            if (segment < endSegment(i)) {
                long address = segmentAddress(segment);
                int last = Math.min(segmentByteLength(segment) - 1, offset);
                loaded += HostMemory.loadByte(address) + HostMemory.loadByte(address + last);
            }
        }
        touched = loaded;
    }

    public int segmentCapacity() {
        return segments.length / 2;
    }

    /** Notes the head of a chain that is yet to be added. */
    void noteHead(int chain, int head) {
        words[chain] = head & HEAD_MASK;
    }

    /** Notes four heads, 16 bits each, the first one lowest. */
    void noteFourHeads(int chain, long heads) {
        words[chain] = heads & HEAD_MASK;
        words[chain + 1] = heads >>> 16 & HEAD_MASK;
        words[chain + 2] = heads >>> 32 & HEAD_MASK;
        words[chain + 3] = heads >>> 48;
    }

    /** Replaces the head of the chain that was begun. */
    void head(int chain, int head) {
        words[chain] = (words[chain] & ~HEAD_MASK) | (head & HEAD_MASK);
    }

    // Adding chains of one segment each: set them in a row, then add them. The loops that do so keep nothing in fields.

    /** How many chains of one segment there is room for. */
    int singlesLeft() {
        return Math.min(words.length - count, segments.length / 2 - segmentCount);
    }

    /** Sets a chain of one segment, {@code place} chains behind those that were added. */
    void single(int place, int head, long address, int byteLength, boolean writable) {
        int segment = segmentCount + place;
        segments[2 * segment] = address;
        segments[2 * segment + 1] = byteLength;
        words[count + place] = word(head, segment) | (writable ? SINGLE | WRITABLE : SINGLE);
    }

    /** Adds so many chains that were set. */
    void addSingles(int added) {
        count += added;
        segmentCount += added;
    }

    private static long word(int head, int firstSegment) {
        return (head & HEAD_MASK) | (long) firstSegment << FIRST_SEGMENT;
    }

    // Building a chain of several buffers: begin, segments, end (or endFaulty).

    void begin(int head) {
        words[count] = word(head, segmentCount);
    }

    /** False if there is no room. */
    boolean segment(long address, int byteLength) {
        int place = 2 * segmentCount;
        if (place >= segments.length - 1) {
            return false;
        }
        segments[place] = address;
        segments[place + 1] = byteLength;
        segmentCount++;
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
        segmentCount = firstSegment(count);
        end(0, 0, segmentCount);
        faults[count - 1] = fault;
    }

    /** Drops the chain that was begun, as if it had not been taken. */
    void forget() {
        segmentCount = firstSegment(count);
    }
}
