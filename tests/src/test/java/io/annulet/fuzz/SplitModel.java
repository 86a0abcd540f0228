package io.annulet.fuzz;

import io.annulet.vring.RingFault;

/**
 * What a device makes of a split ring, by the words of VIRTIO 1.2, "Split Virtqueues", and of our own bounds. Reads each
 * field where the device should read it, once. Owned by the thread of its target.
 */
final class SplitModel {

    private static final int NEXT = 1;
    private static final int WRITE = 2;
    private static final int INDIRECT = 4;

    private final GuestWorld world;
    private long descriptors;
    private long avail;
    private int size;
    private boolean indirectAcknowledged;
    private int taken;
    int used;
    private int published;
    private int known;
    RingFault fault = RingFault.NONE;

    private final int[] heads = new int[64];
    private final long[] addresses = new long[64];
    private final long[] details = new long[64];
    private RingFault chainFault = RingFault.NONE;
    private int left;

    SplitModel(GuestWorld world) {
        this.world = world;
    }

    void begin(long descriptorTable, long availRing, int ringSize, boolean indirect, int base) {
        descriptors = descriptorTable;
        avail = availRing;
        size = ringSize;
        indirectAcknowledged = indirect;
        taken = base;
        used = base;
        published = base;
        known = base;
        fault = RingFault.NONE;
    }

    /** As {@code DeviceHalf.take}: chains added, 0, or -1 if the ring is broken. */
    int take(ModelBurst burst, int max) {
        if (fault != RingFault.NONE) {
            return -1;
        }
        if (((known - taken) & 0xffff) < max) {
            int index = (int) Reads.read(avail + 2, 2);
            if (((index - taken) & 0xffff) > size - ((taken - published) & 0xffff)) {
                fault = RingFault.AVAIL_INDEX_JUMP;
                return -1;
            }
            known = index;
        }
        int added = read(burst, Math.min(Math.min((known - taken) & 0xffff, max), burst.capacity - burst.count));
        taken = (taken + added) & 0xffff;
        if (added == 0 && chainFault != RingFault.NONE) {
            fault = chainFault;
            return -1;
        }
        return added;
    }

    private int read(ModelBurst burst, int wanted) {
        chainFault = RingFault.NONE;
        int count = 0;
        while (count < wanted) {
            int head = (int) Reads.read(avail + 4 + 2L * ((taken + count) % size), 2);
            if (head >= size) {
                chainFault = count == 0 ? RingFault.HEAD_OUT_OF_RANGE : RingFault.NONE;
                break;
            }
            heads[count++] = head;
        }
        for (int i = 0; i < count; i++) {
            load(i, descriptors + 16L * heads[i]);
        }
        for (int i = 0; i < count; i++) {
            burst.begin();
            left = size;
            if (!walk(burst, addresses[i], details[i], false, 0, 0) || !burst.end(heads[i])) {
                burst.forget();
                return i;
            }
        }
        return count;
    }

    private void load(int i, long at) {
        addresses[i] = Reads.read(at, 8);
        details[i] = Reads.read(at + 8, 8);
    }

    /** Follows a chain from one descriptor on; false if it breaks the ring. */
    private boolean walk(ModelBurst burst, long address, long detail, boolean inTable, long table, int entries) {
        int flags = (int) (detail >>> 32) & 0xffff;
        long byteLength = detail & 0xffff_ffffL;
        if ((flags & INDIRECT) != 0) {
            return inTable ? broken(RingFault.INDIRECT_MISUSED) : table(burst, address, byteLength, flags);
        }
        left--;
        burst.buffer(address, byteLength, (flags & WRITE) != 0);
        if ((flags & NEXT) == 0) {
            return true;
        }
        int next = (int) (detail >>> 48);
        if (next >= (inTable ? entries : size)) {
            return broken(RingFault.NEXT_OUT_OF_RANGE);
        }
        if (left == 0) {
            return broken(RingFault.CHAIN_TOO_LONG);
        }
        return inTable
                ? entry(burst, table, entries, next)
                : walk(
                        burst,
                        Reads.read(descriptors + 16L * next, 8),
                        Reads.read(descriptors + 16L * next + 8, 8),
                        false,
                        0,
                        0);
    }

    private boolean table(ModelBurst burst, long table, long byteLength, int flags) {
        if (!indirectAcknowledged) {
            return broken(RingFault.INDIRECT_NOT_ACKNOWLEDGED);
        }
        if ((flags & NEXT) != 0) {
            return broken(RingFault.INDIRECT_MISUSED);
        }
        boolean isTable = byteLength % 16 == 0
                && byteLength > 0
                && byteLength / 16 <= left
                && !ModelBurst.wraps(table, byteLength);
        return isTable ? entry(burst, table, (int) (byteLength / 16), 0) : broken(RingFault.BAD_INDIRECT_TABLE);
    }

    private boolean entry(ModelBurst burst, long table, int entries, int number) {
        long at = table + 16L * number;
        boolean mapped = true;
        long[] words = new long[2];
        for (int word = 0; word < 2; word++) {
            mapped &= tableWord(world, at + 8L * word, words, word);
        }
        return mapped ? walk(burst, words[0], words[1], true, table, entries) : broken(RingFault.BAD_INDIRECT_TABLE);
    }

    /** Eight bytes of a table; false if one of them is no guest memory. */
    static boolean tableWord(GuestWorld world, long at, long[] words, int word) {
        for (int i = 0; i < 8; i++) {
            int region = world.regionOf(at + i);
            if (region < 0) {
                return false;
            }
            long host = world.hostAddress(region) + (at + i - world.guestAddress(region));
            words[word] |= Reads.read(host, 1) << (8 * i);
        }
        return true;
    }

    private boolean broken(RingFault why) {
        chainFault = why;
        return false;
    }

    /** So many of the chains taken last will be taken again. */
    void untake(int count) {
        taken = (taken - count) & 0xffff;
    }

    void giveBack(int count) {
        used = (used + count) & 0xffff;
    }

    void publish() {
        published = used;
    }

    void abandon() {
        taken = published;
        known = published;
        used = published;
    }
}
