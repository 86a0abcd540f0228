package io.annulet.channel;

import io.annulet.memory.HostMemory;

/**
 * The writing side of a ring of bytes in shared memory; used by its end's thread. How far it wrote is its own knowledge,
 * never read back. How far the other end read is read once, checked, and kept: it only says where there is room, so a lie
 * about it can make us overwrite what was not read, which the other end then finds altered, and nothing else.
 */
final class RingWriter {
    private final long ring;
    private final long byteLength;
    private final long producedAddress;
    private final long consumedAddress;

    private long written;
    private long consumed;
    private long slot;
    private boolean forged;

    /**
     * @param producedAddress of the index that tells the reader how far it may read
     * @param consumedAddress of the index by which the reader tells how far it has read
     */
    RingWriter(long ring, long byteLength, long producedAddress, long consumedAddress) {
        this.ring = ring;
        this.byteLength = byteLength;
        this.producedAddress = producedAddress;
        this.consumedAddress = consumedAddress;
    }

    /** Begins a session, whose indexes count from {@code base}: the ring is empty. */
    void reset(long base) {
        written = base;
        consumed = base;
        slot = 0;
        forged = false;
        publish();
    }

    /** Whether {@code wanted} bytes find room. False too once {@link #isForged}. */
    boolean hasRoom(long wanted) {
        if (byteLength - (written - consumed) >= wanted) {
            return true;
        }
        long seen = HostMemory.loadLong(consumedAddress);
        HostMemory.acquireFence(); // B
        if (seen < consumed || seen > written) {
            forged = true;
            return false;
        }
        consumed = seen;
        return byteLength - (written - consumed) >= wanted;
    }

    /** Whether the other end's index was one that it cannot have. */
    boolean isForged() {
        return forged;
    }

    /** Copies bytes of our own behind what was written. There is room for them. */
    void write(long from, int count) {
        long first = Math.min(count, byteLength - slot);
        HostMemory.copy(from, ring + slot, first);
        if (first < count) {
            HostMemory.copy(from + first, ring, count - first);
        }
        slot = slot + count < byteLength ? slot + count : slot + count - byteLength;
        written += count;
    }

    /** Lets the reader see what was written. */
    void publish() {
        HostMemory.releaseFence(); // A
        HostMemory.storeLong(producedAddress, written);
    }
}
