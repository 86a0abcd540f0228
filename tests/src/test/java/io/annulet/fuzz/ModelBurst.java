package io.annulet.fuzz;

import io.annulet.vring.ChainFault;

/**
 * The chains that a burst should hold: what {@code ChainBurst} and {@code ChainAssembler} do together, done region by
 * region without any short cut. Owned by the thread of its target.
 */
final class ModelBurst {

    private final GuestWorld world;
    private final int segmentCapacity;
    final int capacity;
    final int[] heads;
    final ChainFault[] faults;
    final int[] firstSegments;
    final int[] firstWritables;
    final int[] endSegments;
    final long[] readableByteLengths;
    final long[] writableByteLengths;
    final long[] addresses;
    final int[] byteLengths;
    int count;
    int segments;

    // The chain under way.
    private int firstWritable;
    private long readable;
    private long writable;
    private ChainFault fault = ChainFault.NONE;

    ModelBurst(GuestWorld world, int capacity, int segmentCapacity) {
        this.world = world;
        this.capacity = capacity;
        this.segmentCapacity = segmentCapacity;
        heads = new int[capacity];
        faults = new ChainFault[capacity];
        firstSegments = new int[capacity];
        firstWritables = new int[capacity];
        endSegments = new int[capacity];
        readableByteLengths = new long[capacity];
        writableByteLengths = new long[capacity];
        addresses = new long[segmentCapacity];
        byteLengths = new int[segmentCapacity];
    }

    void clear() {
        count = 0;
        segments = 0;
    }

    void begin() {
        firstSegments[count] = segments;
        firstWritable = -1;
        readable = 0;
        writable = 0;
        fault = ChainFault.NONE;
    }

    void buffer(long guestAddress, long byteLength, boolean isWritable) {
        if (isWritable) {
            firstWritable = firstWritable < 0 ? segments : firstWritable;
        } else if (firstWritable >= 0) {
            fail(ChainFault.READABLE_AFTER_WRITABLE);
        }
        if (fault != ChainFault.NONE || byteLength == 0) {
            return;
        }
        if (byteLength > Integer.MAX_VALUE) {
            fail(ChainFault.BUFFER_TOO_LONG);
            return;
        }
        long at = guestAddress;
        for (long left = byteLength; left > 0 && fault == ChainFault.NONE; ) {
            int region = world.regionOf(at);
            if (region < 0 || wraps(guestAddress, byteLength)) {
                fail(ChainFault.UNMAPPED_ADDRESS);
                return;
            }
            long offset = at - world.guestAddress(region);
            int piece = (int) Math.min(left, world.byteLength(region) - offset);
            if (segments == segmentCapacity) {
                fail(ChainFault.TOO_MANY_SEGMENTS);
                return;
            }
            addresses[segments] = world.hostAddress(region) + offset;
            byteLengths[segments] = piece;
            segments++;
            at += piece;
            left -= piece;
        }
        if (isWritable) {
            writable += byteLength;
        } else {
            readable += byteLength;
        }
    }

    static boolean wraps(long guestAddress, long byteLength) {
        return Long.compareUnsigned(guestAddress + byteLength - 1, guestAddress) < 0;
    }

    private void fail(ChainFault why) {
        fault = fault == ChainFault.NONE ? why : fault;
    }

    /** Ends the chain; false if it has to wait for an emptier burst. */
    boolean end(int head) {
        if (fault == ChainFault.TOO_MANY_SEGMENTS && count > 0) {
            forget();
            return false;
        }
        if (fault != ChainFault.NONE) {
            segments = firstSegments[count];
            firstWritable = -1;
            readable = 0;
            writable = 0;
        }
        heads[count] = head;
        faults[count] = fault;
        firstWritables[count] = firstWritable < 0 ? segments : firstWritable;
        endSegments[count] = segments;
        readableByteLengths[count] = readable;
        writableByteLengths[count] = writable;
        count++;
        return true;
    }

    void forget() {
        segments = firstSegments[count];
    }
}
