package io.annulet.channel;

import io.annulet.memory.HostMemory;

/**
 * The reading side of a ring of bytes in shared memory; used by its end's thread. It hands out copies only: nothing in the
 * ring is looked at twice.
 */
final class RingReader {
    private final long ring;
    private final long byteLength;
    private final long producedAddress;
    private final long consumedAddress;

    private long read;
    private long produced;
    private long slot;
    private boolean lenient;

    RingReader(long ring, long byteLength, long producedAddress, long consumedAddress) {
        this.ring = ring;
        this.byteLength = byteLength;
        this.producedAddress = producedAddress;
        this.consumedAddress = consumedAddress;
    }

    /**
     * Begins a session, whose indexes count from {@code base}: the ring is empty.
     *
     * @param lenient whether the other end's index may still be that of an earlier session, as it is until it knows of
     *     this one
     */
    void reset(long base, boolean lenient) {
        read = base;
        produced = base;
        slot = 0;
        this.lenient = lenient;
        release();
    }

    /** The other end knows of this session: from now on its index is one of it. */
    void beStrict() {
        lenient = false;
    }

    /** How many bytes there are to read, or -1 if the other end's index is one that it cannot have. */
    long available() {
        if (produced == read) {
            long seen = HostMemory.loadLong(producedAddress);
            HostMemory.acquireFence(); // A
            long count = seen - read;
            if (count < 0 || count > byteLength) {
                return lenient ? 0 : -1;
            }
            produced = seen;
        }
        return produced - read;
    }

    /** The next 8 bytes, read once. Records begin at multiples of 8, so they never wrap around. */
    long word() {
        return HostMemory.loadLong(ring + slot);
    }

    /** Copies {@code count} bytes from {@code offset} on behind what was read into memory of our own. */
    void copy(int offset, long to, int count) {
        long from = slot + offset < byteLength ? slot + offset : slot + offset - byteLength;
        long first = Math.min(count, byteLength - from);
        HostMemory.copy(ring + from, to, first);
        if (first < count) {
            HostMemory.copy(ring, to + first, count - first);
        }
    }

    /** Goes on behind the next {@code count} bytes. */
    void advance(int count) {
        slot = slot + count < byteLength ? slot + count : slot + count - byteLength;
        read += count;
    }

    /** Lets the writer have the room of what was read. */
    void release() {
        HostMemory.releaseFence(); // B
        HostMemory.storeLong(consumedAddress, read);
    }
}
