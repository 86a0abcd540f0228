package io.annulet.vring;

import io.annulet.memory.GuestMemory;
import io.annulet.memory.HostMemory;
import io.annulet.memory.Translator;

/**
 * Follows the descriptors of a split ring from available heads to buffers; owned by the worker of its queue.
 *
 * <p>Read it as an attacker would. A descriptor is loaded once, as two words; every word of it that is used was checked
 * in that copy. A chain has at most as many descriptors as the ring, direct and indirect together, whatever its links
 * say. All descriptors of a burst's heads are loaded before any is followed, so that their cache misses overlap.
 */
final class ChainReader {

    private static final int LINKED = SplitRing.FLAG_NEXT | SplitRing.FLAG_INDIRECT;

    private final SplitRing ring;
    private final boolean indirectAcknowledged;
    private final Translator buffers;
    private final Translator tables;
    private RingFault fault = RingFault.NONE;

    // The chain being read.
    private int descriptorsLeft;
    private long readableByteLength;
    private long writableByteLength;
    private int firstWritable;
    private ChainFault chainFault = ChainFault.NONE;

    ChainReader(SplitRing ring, GuestMemory memory, boolean indirectAcknowledged) {
        this.ring = ring;
        this.indirectAcknowledged = indirectAcknowledged;
        this.buffers = new Translator(memory);
        this.tables = new Translator(memory);
    }

    RingFault fault() {
        return fault;
    }

    /**
     * Adds chains from {@code availIndex} on to a burst that has room for {@code wanted}.
     *
     * @return how many; fewer than wanted if the burst is full of segments or the next chain breaks the ring. 0: it does
     */
    int read(ChainBurst burst, int availIndex, int wanted) {
        fault = RingFault.NONE;
        int heads = load(burst, availIndex, wanted);
        int first = burst.count();
        for (int i = 0; i < heads; i++) {
            int at = first + i;
            long detail = burst.headDetails[at];
            burst.begin(burst.head(at));
            boolean added = (SplitRing.flags(detail) & LINKED) == 0
                    ? single(burst, burst.headAddresses[at], detail)
                    : linked(burst, burst.headAddresses[at], detail);
            if (!added) {
                burst.forget();
                return i;
            }
        }
        return heads;
    }

    /** Loads heads and their descriptors; stops before a head that is no descriptor. */
    private int load(ChainBurst burst, int availIndex, int wanted) {
        int first = burst.count();
        for (int i = 0; i < wanted; i++) {
            int head = ring.availHead(availIndex + i);
            if (head >= ring.size()) {
                fault = i == 0 ? RingFault.HEAD_OUT_OF_RANGE : fault;
                wanted = i;
                break;
            }
            burst.headAt(first + i, head);
        }
        for (int i = 0; i < wanted; i++) {
            int head = burst.head(first + i);
            burst.headAddresses[first + i] = ring.descriptorAddress(head);
            burst.headDetails[first + i] = ring.descriptorDetail(head);
        }
        return wanted;
    }

    /** A chain of one descriptor: what most frames are. */
    private boolean single(ChainBurst burst, long guestAddress, long detail) {
        long byteLength = SplitRing.byteLength(detail);
        boolean writable = (SplitRing.flags(detail) & SplitRing.FLAG_WRITE) != 0;
        long hostAddress = byteLength != 0 && byteLength <= Integer.MAX_VALUE
                ? buffers.translate(guestAddress, byteLength)
                : GuestMemory.UNMAPPED;
        if (hostAddress == GuestMemory.UNMAPPED || !burst.segment(hostAddress, (int) byteLength)) {
            return unusual(burst, guestAddress, detail);
        }
        int end = burst.segmentCount();
        burst.end(writable ? 0 : byteLength, writable ? byteLength : 0, writable ? end - 1 : end);
        return true;
    }

    private boolean unusual(ChainBurst burst, long guestAddress, long detail) {
        beginChain();
        buffer(burst, guestAddress, detail);
        return endChain(burst);
    }

    private boolean linked(ChainBurst burst, long address, long detail) {
        beginChain();
        boolean sound = (SplitRing.flags(detail) & SplitRing.FLAG_INDIRECT) != 0
                ? indirect(burst, address, detail)
                : direct(burst, address, detail);
        return sound && endChain(burst);
    }

    private void beginChain() {
        descriptorsLeft = ring.size();
        readableByteLength = 0;
        writableByteLength = 0;
        firstWritable = -1;
        chainFault = ChainFault.NONE;
    }

    /** False if the burst has no room left for this chain but an empty one may have. */
    private boolean endChain(ChainBurst burst) {
        if (chainFault == ChainFault.TOO_MANY_SEGMENTS && burst.count() > 0) {
            return false;
        }
        if (chainFault != ChainFault.NONE) {
            burst.endFaulty(chainFault);
        } else {
            burst.end(readableByteLength, writableByteLength, firstWritable < 0 ? burst.segmentCount() : firstWritable);
        }
        return true;
    }

    /** A chain through the ring's own table. False if it breaks the ring. */
    private boolean direct(ChainBurst burst, long firstAddress, long firstDetail) {
        long address = firstAddress;
        long detail = firstDetail;
        while (true) {
            int flags = SplitRing.flags(detail);
            if ((flags & SplitRing.FLAG_INDIRECT) != 0) {
                // An indirect table at the end of a direct chain: no driver we know makes one, the spec allows it.
                return indirect(burst, address, detail);
            }
            descriptorsLeft--;
            buffer(burst, address, detail);
            if ((flags & SplitRing.FLAG_NEXT) == 0) {
                return true;
            }
            int next = SplitRing.next(detail);
            if (next >= ring.size()) {
                return broken(RingFault.NEXT_OUT_OF_RANGE);
            }
            if (descriptorsLeft == 0) {
                return broken(RingFault.CHAIN_TOO_LONG);
            }
            address = ring.descriptorAddress(next);
            detail = ring.descriptorDetail(next);
        }
    }

    /** A chain through an indirect table. VIRTIO 1.2, "Indirect Descriptors". False if it breaks the ring. */
    private boolean indirect(ChainBurst burst, long tableAddress, long tableDetail) {
        if (!indirectAcknowledged) {
            return broken(RingFault.INDIRECT_NOT_ACKNOWLEDGED);
        }
        if ((SplitRing.flags(tableDetail) & SplitRing.FLAG_NEXT) != 0) {
            return broken(RingFault.INDIRECT_MISUSED);
        }
        long tableBytes = SplitRing.byteLength(tableDetail);
        int entries = (int) (tableBytes / SplitRing.DESCRIPTOR_BYTES);
        if (tableBytes % SplitRing.DESCRIPTOR_BYTES != 0
                || entries == 0
                || entries > descriptorsLeft
                || wraps(tableAddress, tableBytes)) {
            return broken(RingFault.BAD_INDIRECT_TABLE);
        }
        int entry = 0;
        while (true) {
            long at = tableAddress + (long) entry * SplitRing.DESCRIPTOR_BYTES;
            long address = loadWord(at);
            long detail = loadWord(at + 8);
            if (fault != RingFault.NONE) {
                return false;
            }
            int flags = SplitRing.flags(detail);
            if ((flags & SplitRing.FLAG_INDIRECT) != 0) {
                return broken(RingFault.INDIRECT_MISUSED);
            }
            descriptorsLeft--;
            buffer(burst, address, detail);
            if ((flags & SplitRing.FLAG_NEXT) == 0) {
                return true;
            }
            entry = SplitRing.next(detail);
            if (entry >= entries) {
                return broken(RingFault.NEXT_OUT_OF_RANGE);
            }
            if (descriptorsLeft == 0) {
                return broken(RingFault.CHAIN_TOO_LONG);
            }
        }
    }

    /** Eight bytes of an indirect table, which may lie anywhere, across a region border too. */
    private long loadWord(long guestAddress) {
        long hostAddress = tables.translate(guestAddress, 8);
        if (hostAddress != GuestMemory.UNMAPPED) {
            return HostMemory.loadLong(hostAddress);
        }
        long word = 0;
        for (int i = 0; i < 8; i++) {
            long byteAddress = tables.translate(guestAddress + i, 1);
            if (byteAddress == GuestMemory.UNMAPPED) {
                fault = RingFault.BAD_INDIRECT_TABLE;
                return 0;
            }
            word |= (long) HostMemory.loadByte(byteAddress) << (8 * i);
        }
        return word;
    }

    /** Whether the last of {@code byteLength} (more than 0) bytes lies below the first: no range goes past 2^64. */
    private static boolean wraps(long guestAddress, long byteLength) {
        return Long.compareUnsigned(guestAddress + (byteLength - 1), guestAddress) < 0;
    }

    private boolean broken(RingFault why) {
        fault = why;
        return false;
    }

    /** Adds one buffer of the chain. What is wrong with it is kept in {@link #chainFault}; the walk goes on to its end. */
    private void buffer(ChainBurst burst, long guestAddress, long detail) {
        long byteLength = SplitRing.byteLength(detail);
        boolean writable = (SplitRing.flags(detail) & SplitRing.FLAG_WRITE) != 0;
        if (writable && firstWritable < 0) {
            firstWritable = burst.segmentCount();
        } else if (!writable && firstWritable >= 0) {
            faulty(ChainFault.READABLE_AFTER_WRITABLE);
        }
        if (byteLength == 0 || chainFault != ChainFault.NONE) {
            return;
        }
        if (byteLength > Integer.MAX_VALUE) {
            faulty(ChainFault.BUFFER_TOO_LONG);
            return;
        }
        if (wraps(guestAddress, byteLength)) {
            faulty(ChainFault.UNMAPPED_ADDRESS);
            return;
        }
        pieces(burst, guestAddress, byteLength);
        if (writable) {
            writableByteLength += byteLength;
        } else {
            readableByteLength += byteLength;
        }
    }

    /** The segments of one buffer: one, or more if it crosses from region to region. */
    private void pieces(ChainBurst burst, long guestAddress, long byteLength) {
        long at = guestAddress;
        long left = byteLength;
        long hostAddress = buffers.translate(at, left);
        while (hostAddress == GuestMemory.UNMAPPED) {
            long reach = buffers.reach(at);
            if (reach == 0) {
                faulty(ChainFault.UNMAPPED_ADDRESS);
                return;
            }
            if (!burst.segment(buffers.translate(at, reach), (int) reach)) {
                faulty(ChainFault.TOO_MANY_SEGMENTS);
                return;
            }
            at += reach;
            left -= reach;
            hostAddress = buffers.translate(at, left);
        }
        if (!burst.segment(hostAddress, (int) left)) {
            faulty(ChainFault.TOO_MANY_SEGMENTS);
        }
    }

    private void faulty(ChainFault why) {
        if (chainFault == ChainFault.NONE) {
            chainFault = why;
        }
    }
}
