package io.annulet.vring;

import io.annulet.memory.GuestMemory;

/**
 * Follows the descriptors of a split ring from available heads to buffers; owned by the worker of its queue.
 *
 * <p>Read it as an attacker would. A descriptor is loaded once, as two words; every word of it that is used was checked
 * in that copy. A chain has at most as many descriptors as the ring, direct and indirect together, whatever its links
 * say. All descriptors of a burst's heads are loaded before any is followed, so that their cache misses overlap.
 */
final class SplitChainReader {

    private static final int LINKED = SplitRing.FLAG_NEXT | SplitRing.FLAG_INDIRECT;

    private final SplitRing ring;
    private final boolean indirectAcknowledged;
    private final ChainAssembler assembler;
    private RingFault fault = RingFault.NONE;
    private int descriptorsLeft;

    SplitChainReader(SplitRing ring, GuestMemory memory, boolean indirectAcknowledged) {
        this.ring = ring;
        this.indirectAcknowledged = indirectAcknowledged;
        this.assembler = new ChainAssembler(memory);
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
            long address = burst.headAddresses[at];
            long detail = burst.headDetails[at];
            boolean added = (SplitRing.flags(detail) & LINKED) == 0
                    ? assembler.single(burst, burst.head(at), address, SplitRing.byteLength(detail), isWritable(detail))
                    : linked(burst, burst.head(at), address, detail);
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
        int heads = loadHeads(burst, first, availIndex, wanted);
        for (int i = first; i < first + heads; i++) {
            int head = burst.head(i);
            burst.headAddresses[i] = ring.descriptorAddress(head);
            burst.headDetails[i] = ring.descriptorDetail(head);
        }
        return heads;
    }

    /** Heads up to one that is no descriptor; four with one load where they lie together. */
    private int loadHeads(ChainBurst burst, int first, int availIndex, int wanted) {
        int i = 0;
        while (i < wanted) {
            int together = 1;
            long word;
            if (i + 4 <= wanted && ring.hasFourAvailHeads(availIndex + i)) {
                word = ring.fourAvailHeads(availIndex + i);
                together = 4;
            } else {
                word = ring.availHead(availIndex + i);
            }
            for (int end = i + together; i < end; i++) {
                int head = (int) word & 0xffff;
                if (head >= ring.size()) {
                    fault = i == 0 ? RingFault.HEAD_OUT_OF_RANGE : fault;
                    return i;
                }
                burst.headAt(first + i, head);
                word >>>= 16;
            }
        }
        return wanted;
    }

    private static boolean isWritable(long detail) {
        return (SplitRing.flags(detail) & SplitRing.FLAG_WRITE) != 0;
    }

    private boolean linked(ChainBurst burst, int head, long address, long detail) {
        assembler.begin(burst, head);
        descriptorsLeft = ring.size();
        boolean sound = (SplitRing.flags(detail) & SplitRing.FLAG_INDIRECT) != 0
                ? indirect(burst, address, detail)
                : direct(burst, address, detail);
        return sound && assembler.end(burst);
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
            assembler.buffer(burst, address, SplitRing.byteLength(detail), isWritable(detail));
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
        int entries = ChainAssembler.tableEntries(tableAddress, SplitRing.byteLength(tableDetail), descriptorsLeft);
        if (entries == 0) {
            return broken(RingFault.BAD_INDIRECT_TABLE);
        }
        int entry = 0;
        while (true) {
            long at = tableAddress + (long) entry * SplitRing.DESCRIPTOR_BYTES;
            long address = assembler.tableWord(at);
            long detail = assembler.tableWord(at + 8);
            if (assembler.missedWord()) {
                return broken(RingFault.BAD_INDIRECT_TABLE);
            }
            int flags = SplitRing.flags(detail);
            if ((flags & SplitRing.FLAG_INDIRECT) != 0) {
                return broken(RingFault.INDIRECT_MISUSED);
            }
            descriptorsLeft--;
            assembler.buffer(burst, address, SplitRing.byteLength(detail), isWritable(detail));
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

    private boolean broken(RingFault why) {
        fault = why;
        return false;
    }
}
