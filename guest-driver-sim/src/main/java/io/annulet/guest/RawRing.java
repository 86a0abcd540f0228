package io.annulet.guest;

import io.annulet.memory.HostMemory;
import io.annulet.vring.PackedRing;
import io.annulet.vring.SplitRing;

/**
 * The memory of one virtqueue in guest RAM, with every field of a split ring open to whoever wants to break the rules;
 * owned by the thread that plays the guest. {@link SplitRing} draws it.
 *
 * <p>The well-behaved driver works on {@link #split} or {@link #packed}, which share the memory: a packed ring has its
 * descriptors in place of the descriptor table, its driver area in place of the available ring and its device area in
 * place of the used ring. Nothing here fences: what a test writes out of order, it means.
 */
public final class RawRing {

    private static final int CACHE_LINE_BYTES = 64;

    private final int size;
    private final long descriptors;
    private final long avail;
    private final long used;
    private final GuestRam ram;

    private RawRing(GuestRam ram, int size) {
        this.ram = ram;
        this.size = size;
        this.descriptors = ram.allocate(SplitRing.descriptorTableBytes(size), CACHE_LINE_BYTES);
        this.avail = ram.allocate(SplitRing.availBytes(size), CACHE_LINE_BYTES);
        this.used = ram.allocate(SplitRing.usedBytes(size), CACHE_LINE_BYTES);
    }

    /** A zeroed ring of {@code size} descriptors, its three parts on cache lines of their own. */
    public static RawRing allocate(GuestRam ram, int size) {
        return new RawRing(ram, size);
    }

    public SplitRing split() {
        return new SplitRing(descriptors, avail, used, size);
    }

    public PackedRing packed() {
        return new PackedRing(descriptors, avail, used, size);
    }

    /** Zeroes the ring and lets both indexes stand at {@code index}. */
    public void clear(int index) {
        HostMemory.zero(descriptors, SplitRing.descriptorTableBytes(size));
        HostMemory.zero(avail, SplitRing.availBytes(size));
        HostMemory.zero(used, SplitRing.usedBytes(size));
        availIndex(index);
        usedIndex(index);
    }

    public int size() {
        return size;
    }

    public long descriptorHostAddress() {
        return descriptors;
    }

    public long availHostAddress() {
        return avail;
    }

    public long usedHostAddress() {
        return used;
    }

    public long descriptorUserAddress() {
        return ram.userAddressOf(descriptors);
    }

    public long availUserAddress() {
        return ram.userAddressOf(avail);
    }

    public long usedUserAddress() {
        return ram.userAddressOf(used);
    }

    // Descriptors; length is unsigned 32 bits, flags and next unsigned 16 bits.

    public void descriptor(int slot, long guestAddress, long byteLength, int flags, int next) {
        long at = descriptors + (long) SplitRing.DESCRIPTOR_BYTES * slot;
        HostMemory.storeLong(at, guestAddress);
        HostMemory.storeLong(at + 8, (byteLength & 0xffffffffL) | (flags & 0xffffL) << 32 | (long) next << 48);
    }

    public long descriptorGuestAddress(int slot) {
        return HostMemory.loadLong(descriptors + (long) SplitRing.DESCRIPTOR_BYTES * slot);
    }

    public long descriptorByteLength(int slot) {
        return HostMemory.loadLong(descriptors + (long) SplitRing.DESCRIPTOR_BYTES * slot + 8) & 0xffffffffL;
    }

    public int descriptorFlags(int slot) {
        return HostMemory.loadShort(descriptors + (long) SplitRing.DESCRIPTOR_BYTES * slot + 12);
    }

    public int descriptorNext(int slot) {
        return HostMemory.loadShort(descriptors + (long) SplitRing.DESCRIPTOR_BYTES * slot + 14);
    }

    // Available ring.

    public int availFlags() {
        return HostMemory.loadShort(avail);
    }

    public void availFlags(int flags) {
        HostMemory.storeShort(avail, flags);
    }

    public int availIndex() {
        return HostMemory.loadShort(avail + 2);
    }

    public void availIndex(int index) {
        HostMemory.storeShort(avail + 2, index);
    }

    public int availHead(int slot) {
        return HostMemory.loadShort(avail + 4 + 2L * slot);
    }

    public void availHead(int slot, int head) {
        HostMemory.storeShort(avail + 4 + 2L * slot, head);
    }

    public int usedEvent() {
        return HostMemory.loadShort(avail + 4 + 2L * size);
    }

    public void usedEvent(int index) {
        HostMemory.storeShort(avail + 4 + 2L * size, index);
    }

    // Used ring.

    public int usedFlags() {
        return HostMemory.loadShort(used);
    }

    public void usedFlags(int flags) {
        HostMemory.storeShort(used, flags);
    }

    public int usedIndex() {
        return HostMemory.loadShort(used + 2);
    }

    /** Like {@link #usedIndex}; whoever sees an index sees the elements before it. */
    public int usedIndexAcquire() {
        return HostMemory.loadShortAcquire(used + 2);
    }

    public void usedIndex(int index) {
        HostMemory.storeShort(used + 2, index);
    }

    public long usedHead(int slot) {
        return HostMemory.loadLong(used + 4 + 8L * slot) & 0xffffffffL;
    }

    public long usedWrittenByteLength(int slot) {
        return HostMemory.loadLong(used + 4 + 8L * slot) >>> 32;
    }

    public void usedElement(int slot, long head, long writtenByteLength) {
        HostMemory.storeLong(used + 4 + 8L * slot, (head & 0xffffffffL) | writtenByteLength << 32);
    }

    public int availEvent() {
        return HostMemory.loadShort(used + 4 + 8L * size);
    }

    public void availEvent(int index) {
        HostMemory.storeShort(used + 4 + 8L * size, index);
    }
}
