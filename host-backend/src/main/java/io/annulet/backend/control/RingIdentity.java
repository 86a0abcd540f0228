package io.annulet.backend.control;

import io.annulet.memory.HostMemory;
import io.annulet.vring.PackedRing;
import io.annulet.vring.Vring;

/**
 * Which ring a ring is, whatever process maps it wherever: the place of its descriptors in a file of memory, and its form.
 *
 * @param fileOffset of the descriptors
 * @param form its size, and which layout
 */
record RingIdentity(long device, long inode, long fileOffset, long form) {

    /** As it lies in a record: four words. */
    static final int BYTES = 32;

    private static final long PACKED = 1L << 32;

    static RingIdentity of(Vring ring, MappedRegion region) {
        long form = ring.size() | (ring instanceof PackedRing ? PACKED : 0);
        return new RingIdentity(
                region.identity().device(),
                region.identity().inode(),
                region.fileOffsetOf(ring.descriptorsAddress()),
                form);
    }

    static RingIdentity load(long address) {
        return new RingIdentity(
                HostMemory.loadLong(address),
                HostMemory.loadLong(address + 8),
                HostMemory.loadLong(address + 16),
                HostMemory.loadLong(address + 24));
    }

    void store(long address) {
        HostMemory.storeLong(address, device);
        HostMemory.storeLong(address + 8, inode);
        HostMemory.storeLong(address + 16, fileOffset);
        HostMemory.storeLong(address + 24, form);
    }
}
