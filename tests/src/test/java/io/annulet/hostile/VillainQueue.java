package io.annulet.hostile;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.annulet.guest.GuestRam;
import io.annulet.guest.RawRing;
import io.annulet.journey.Pause;
import io.annulet.linux.EventFd;
import io.annulet.linux.FileDescriptors;
import io.annulet.memory.HostMemory;
import io.annulet.vring.PackedRing;
import io.annulet.vring.SplitRing;

/** One virtqueue that its driver writes by hand, split or packed; used by one thread. */
final class VillainQueue implements AutoCloseable {

    static final int NEXT = SplitRing.FLAG_NEXT;
    static final int WRITE = SplitRing.FLAG_WRITE;
    static final int INDIRECT = SplitRing.FLAG_INDIRECT;

    // Of a packed ring: in the first round through it, available is the first of these alone, used is both.
    static final int AVAILABLE = 1 << 7;
    static final int USED = 1 << 15;

    /** A packed ring begins at slot 0 with both wrap counters at 1. */
    private static final int PACKED_BASE = 0x8000_8000;

    final int index;
    final RawRing ring;
    final EventFd kick = EventFd.create(true, 0);
    final EventFd call = EventFd.create(true, 0);
    final EventFd err = EventFd.create(true, 0);
    private final VillainMemory memory;
    private final boolean packed;
    private final int baseIndex;
    private int offered;

    VillainQueue(GuestRam ram, VillainMemory memory, int index, VillainOptions options) {
        this.index = index;
        this.memory = memory;
        this.packed = options.isPacked();
        this.baseIndex = options.baseIndex();
        this.ring = RawRing.allocate(ram, options.ringSize());
        clear();
        memory.mayBeWritten(ring.usedHostAddress(), packed ? 4 : SplitRing.usedBytes(ring.size()));
        if (packed) {
            memory.mayBeWritten(ring.descriptorHostAddress(), PackedRing.descriptorRingBytes(ring.size()));
        }
    }

    /** An empty ring, as a driver that begins has it. */
    void clear() {
        ring.clear(packed ? 0 : baseIndex);
        offered = 0;
        err.drain();
        remember();
        memory.remember(ring.availHostAddress(), SplitRing.availBytes(ring.size()));
        memory.remember(ring.usedHostAddress(), SplitRing.usedBytes(ring.size()));
    }

    int firstBase() {
        return packed ? PACKED_BASE : baseIndex;
    }

    boolean isPacked() {
        return packed;
    }

    int size() {
        return ring.size();
    }

    // Split.

    void descriptor(int slot, long guestAddress, long byteLength, int flags, int next) {
        ring.descriptor(slot, guestAddress, byteLength, flags, next);
    }

    /** Makes heads available, shows the device, and kicks it. */
    void offer(int... heads) {
        for (int head : heads) {
            ring.availHead((baseIndex + offered++) & (size() - 1), head);
        }
        publish(baseIndex + offered);
    }

    /** Shows the device an available index, whatever it is, and kicks it. */
    void publish(int availIndex) {
        HostMemory.releaseFence();
        ring.availIndex(availIndex);
        kick();
    }

    /** A buffer in one descriptor, made available. */
    void offerBuffer(int slot, long guestAddress, long byteLength, int flags) {
        if (packed) {
            packedDescriptor(slot, guestAddress, byteLength, slot, flags);
            kick();
        } else {
            descriptor(slot, guestAddress, byteLength, flags, 0);
            offer(slot);
        }
    }

    // Packed, in the first round through the ring.

    /** A descriptor as the driver makes one available in the first round. */
    void packedDescriptor(int slot, long guestAddress, long byteLength, int id, int flags) {
        packedDescriptorAsIs(slot, guestAddress, byteLength, id, flags | AVAILABLE);
    }

    /** A descriptor with the flags that tell whose it is, too; in even rounds {@link #USED} alone is available. */
    void packedDescriptorAsIs(int slot, long guestAddress, long byteLength, int id, int flags) {
        long at = ring.descriptorHostAddress() + 16L * slot;
        HostMemory.storeLong(at, guestAddress);
        HostMemory.releaseFence();
        HostMemory.storeLong(at + 8, (byteLength & 0xffff_ffffL) | (long) id << 32 | (long) flags << 48);
    }

    boolean isUsed(int slot) {
        int flags = HostMemory.loadShortAcquire(ring.descriptorHostAddress() + 16L * slot + 14);
        return (flags & (AVAILABLE | USED)) == (AVAILABLE | USED);
    }

    /** Waits until a descriptor is used in an odd round through the ring, or in an even one. */
    void awaitUsedFlags(int slot, boolean odd) {
        int wanted = odd ? AVAILABLE | USED : 0;
        long at = ring.descriptorHostAddress() + 16L * slot + 14;
        Pause.until(
                "slot " + slot + " is used",
                Trial.LIMIT,
                () -> (HostMemory.loadShortAcquire(at) & (AVAILABLE | USED)) == wanted);
    }

    // Both.

    void kick() {
        remember();
        kick.signal();
    }

    /** A field of its own that the driver has changed stays as it is now. */
    void keep(Runnable change) {
        change.run();
        remember();
    }

    /** What the driver has written into its parts of the ring is what has to stay there. */
    void remember() {
        if (packed) {
            memory.remember(ring.availHostAddress(), PackedRing.EVENT_AREA_BYTES);
        } else {
            memory.remember(ring.descriptorHostAddress(), SplitRing.descriptorTableBytes(size()));
            memory.remember(ring.availHostAddress(), SplitRing.availBytes(size()));
        }
    }

    /** How many buffers came back; of a split ring. */
    int usedCount() {
        return (ring.usedIndexAcquire() - baseIndex) & 0xffff;
    }

    /** Waits until so many buffers have come back in all, and sees to it that it does not become more. */
    void awaitUsed(int count) {
        if (packed) {
            Pause.until("slot " + (count - 1) + " is used", Trial.LIMIT, () -> isUsed(count - 1));
        } else {
            Pause.until("queue " + index + " used " + count, Trial.LIMIT, () -> usedCount() >= count);
            assertEquals(count, usedCount(), "used buffers");
        }
    }

    /** Waits until at least so many have come back. */
    void awaitUsedAtLeast(int count) {
        Pause.until("queue " + index + " used " + count, Trial.LIMIT, () -> usedCount() >= count);
    }

    /** Waits until so many have come back in all, more than 16 bits can tell. */
    void awaitUsedIndex(int count) {
        Pause.until("used index " + count, Trial.LIMIT, () -> usedCount() == (count & 0xffff));
    }

    /** As {@link #awaitUsedIndex}, and sees it as soon as it is so. */
    void awaitUsedSoon(int count) {
        long endNanos = System.nanoTime() + Trial.LIMIT.toNanos();
        while (usedCount() != (count & 0xffff)) {
            assertTrue(System.nanoTime() - endNanos < 0, () -> "used index " + usedCount() + " and not " + count);
            Thread.onSpinWait();
        }
    }

    /** The n-th buffer that came back was this one, with so many bytes written. */
    void assertUsed(int n, int head, long writtenBytes) {
        int slot = packed ? n : (baseIndex + n) & (size() - 1);
        long id = packed ? ring.descriptorFlags(slot) : ring.usedHead(slot);
        long written = packed ? ring.descriptorByteLength(slot) : ring.usedWrittenByteLength(slot);
        assertEquals(head, id, "what came back");
        assertEquals(writtenBytes, written, "bytes written");
    }

    /** The device says that the ring is broken, and has taken nothing more from it. */
    void awaitBroken() {
        assertTrue(FileDescriptors.awaitReadable(err.fd(), Trial.LIMIT.toNanos()), "queue " + index + " is not broken");
    }

    @Override
    public void close() {
        kick.close();
        call.close();
        err.close();
    }
}
