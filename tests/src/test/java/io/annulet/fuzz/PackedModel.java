package io.annulet.fuzz;

import io.annulet.vring.RingFault;

/**
 * What a device makes of a packed ring, by the words of VIRTIO 1.2, "Packed Virtqueues", and of our own bounds. Reads each
 * descriptor where the device should read it, once. Owned by the thread of its target.
 */
final class PackedModel {

    private static final int NEXT = 1;
    private static final int WRITE = 2;
    private static final int INDIRECT = 4;
    private static final int AVAILABLE = 1 << 7;
    private static final int USED = 1 << 15;

    private final GuestWorld world;
    private final Borrowed descriptorCounts = new Borrowed();
    private long ring;
    private int size;
    private boolean indirectAcknowledged;
    private int slot;
    private boolean wrap;
    private int usedSlot;
    private boolean usedWrap;
    private int borrowedDescriptors;
    RingFault fault = RingFault.NONE;
    private RingFault chainFault = RingFault.NONE;

    PackedModel(GuestWorld world) {
        this.world = world;
    }

    void begin(long descriptorRing, int ringSize, boolean indirect, int beginSlot, boolean beginWrap) {
        ring = descriptorRing;
        size = ringSize;
        indirectAcknowledged = indirect;
        slot = beginSlot;
        wrap = beginWrap;
        usedSlot = beginSlot;
        usedWrap = beginWrap;
        borrowedDescriptors = 0;
        descriptorCounts.clear();
        fault = RingFault.NONE;
    }

    /** As {@code DeviceHalf.take}: chains added, 0, or -1 if the ring is broken. */
    int take(ModelBurst burst, int max) {
        if (fault != RingFault.NONE) {
            return -1;
        }
        chainFault = RingFault.NONE;
        int wanted = Math.min(max, burst.capacity - burst.count);
        int taken = takeRuns(burst, wanted);
        if (taken == 0 && chainFault != RingFault.NONE) {
            fault = chainFault;
            return -1;
        }
        return taken;
    }

    /** A run of available descriptors is taken, chain by chain; only one that ends with the ring is followed by another. */
    private int takeRuns(ModelBurst burst, int wanted) {
        int before = burst.count;
        while (burst.count - before < wanted) {
            int start = slot;
            int room = Math.min(size - start, size - borrowedDescriptors);
            int most = Math.min(wanted - (burst.count - before), room);
            int available = 0;
            while (available < most && isAvailable(start + available)) {
                available++;
            }
            for (int left = available; left > 0; ) {
                int used = chain(burst);
                if (used == 0) {
                    return burst.count - before;
                }
                left -= used;
                descriptorCounts.add(used);
                borrowedDescriptors += used;
                wrap ^= slot + used >= size;
                slot = (slot + used) % size;
            }
            if (available == 0 || start + available < size) {
                break;
            }
        }
        return burst.count - before;
    }

    /** Descriptors of the next chain; 0 if it breaks the ring or the burst has no room. */
    private int chain(ModelBurst burst) {
        int most = size - borrowedDescriptors;
        burst.begin();
        for (int i = 0; i < most; i++) {
            long at = ring + 16L * ((slot + i) % size);
            long address = Reads.read(at, 8);
            long detail = Reads.read(at + 8, 8);
            int now = (int) (detail >>> 48);
            int id = (int) (detail >>> 32) & 0xffff;
            if ((now & INDIRECT) != 0) {
                if (i > 0) {
                    return broken(burst, RingFault.INDIRECT_MISUSED);
                }
                return table(burst, address, detail & 0xffff_ffffL, now, id);
            }
            burst.buffer(address, detail & 0xffff_ffffL, (now & WRITE) != 0);
            if ((now & NEXT) == 0) {
                return burst.end(id) ? i + 1 : 0;
            }
        }
        return broken(burst, RingFault.CHAIN_TOO_LONG);
    }

    private boolean isAvailable(int at) {
        int flags = (int) Reads.read(ring + 16L * at + 14, 2);
        return ((flags & AVAILABLE) != 0) == wrap && ((flags & USED) != 0) != wrap;
    }

    private int table(ModelBurst burst, long table, long byteLength, int flags, int id) {
        if (!indirectAcknowledged) {
            return broken(burst, RingFault.INDIRECT_NOT_ACKNOWLEDGED);
        }
        if ((flags & NEXT) != 0) {
            return broken(burst, RingFault.INDIRECT_MISUSED);
        }
        if (byteLength % 16 != 0 || byteLength == 0 || byteLength / 16 > size || ModelBurst.wraps(table, byteLength)) {
            return broken(burst, RingFault.BAD_INDIRECT_TABLE);
        }
        for (long at = table; at != table + byteLength; at += 16) {
            long[] words = new long[2];
            boolean hasAddress = SplitModel.tableWord(world, at, words, 0);
            boolean hasDetail = SplitModel.tableWord(world, at + 8, words, 1);
            if (!hasAddress || !hasDetail) {
                return broken(burst, RingFault.BAD_INDIRECT_TABLE);
            }
            int entry = (int) (words[1] >>> 48);
            if ((entry & INDIRECT) != 0) {
                return broken(burst, RingFault.INDIRECT_MISUSED);
            }
            burst.buffer(words[0], words[1] & 0xffff_ffffL, (entry & WRITE) != 0);
        }
        return burst.end(id) ? 1 : 0;
    }

    private int broken(ModelBurst burst, RingFault why) {
        burst.forget();
        chainFault = why;
        return 0;
    }

    void untake(int count) {
        for (int i = 0; i < count; i++) {
            int descriptors = descriptorCounts.removeLast();
            borrowedDescriptors -= descriptors;
            wrap ^= slot < descriptors;
            slot = (slot - descriptors + size) % size;
        }
    }

    /** The next chain is given back; where and what its used element should be: {@link #usedAddress}, {@link #usedWord}. */
    void giveBack() {
        int descriptors = descriptorCounts.removeFirst();
        borrowedDescriptors -= descriptors;
        usedWrap ^= usedSlot + descriptors >= size;
        usedSlot = (usedSlot + descriptors) % size;
    }

    long usedAddress() {
        return ring + 16L * usedSlot + 8;
    }

    long usedWord(int id, int written) {
        int flags = (usedWrap ? AVAILABLE | USED : 0) | (written == 0 ? 0 : WRITE);
        return written | (long) id << 32 | (long) flags << 48;
    }
}
