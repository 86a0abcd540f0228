package io.annulet.vring;

import io.annulet.memory.GuestMemory;

/**
 * Follows the descriptors of a split ring from available heads to buffers; owned by the worker of its queue.
 *
 * <p>Read it as an attacker would. A descriptor is loaded once, as two words; every word of it that is used was checked
 * in that copy. A chain has at most as many descriptors as the ring, direct and indirect together, whatever its links
 * say. The lines of all descriptors of a burst's heads are touched before any is followed, so that their misses overlap.
 */
final class SplitChainReader {

    private static final int LINKED = SplitRing.FLAG_NEXT | SplitRing.FLAG_INDIRECT;

    private final SplitRing ring;
    private final boolean indirectAcknowledged;
    private final ChainAssembler assembler;
    private RingFault fault = RingFault.NONE;
    private int descriptorsLeft;

    /** Keeps the compiler from leaving {@link #touch} out. */
    int touched;

    SplitChainReader(SplitRing ring, GuestMemory memory, boolean indirectAcknowledged) {
        this.ring = ring;
        this.indirectAcknowledged = indirectAcknowledged;
        this.assembler = new ChainAssembler(memory);
    }

    RingFault fault() {
        return fault;
    }

    void goBy(GuestMemory memory) {
        assembler.goBy(memory);
    }

    /** What the next chain waits for, if that is why it was not read. */
    AwaitedMemory awaited() {
        return assembler.awaited();
    }

    /**
     * Adds chains from {@code availIndex} on to a burst that has room for {@code wanted}.
     *
     * @return how many; fewer than wanted if the burst is full of segments, or the next chain waits for memory or breaks the
     *     ring. 0: one of these two
     */
    int read(ChainBurst burst, int availIndex, int wanted) {
        fault = RingFault.NONE;
        assembler.awaited().clear();
        int first = burst.count();
        int heads = loadHeads(burst, first, availIndex, wanted);
        touch(burst, first, heads);
        int added = 0;
        while (added < heads) {
            added += singles(burst, heads - added);
            if (added < heads && !any(burst, burst.head(burst.count()))) {
                burst.forget();
                return added;
            }
            added = burst.count() - first;
        }
        return heads;
    }

    /** Adds chains of one sound buffer each, as long as that is what they are and the burst has room. */
    private int singles(ChainBurst burst, int heads) {
        int first = burst.count();
        int most = Math.min(heads, burst.singlesLeft());
        int i = 0;
        while (i < most) {
            int head = burst.head(first + i);
            long detail = ring.descriptorDetail(head);
            int byteLength = (int) SplitRing.byteLength(detail);
            long address = assembler.atHand(ring.descriptorAddress(head), byteLength);
            if ((SplitRing.flags(detail) & LINKED) != 0 || address == GuestMemory.UNMAPPED) {
                break;
            }
            burst.single(i++, head, address, byteLength, isWritable(detail));
        }
        burst.addSingles(i);
        return i;
    }

    /** Loads a byte of each descriptor and uses none: lines that come from the driver's core come together. */
    private void touch(ChainBurst burst, int first, int heads) {
        int loaded = 0;
        for (int i = first; i < first + heads; i++) {
            loaded += ring.touch(burst.head(i));
        }
        touched = loaded;
    }

    /** Heads up to one that is no descriptor; four with one load where they lie together. */
    private int loadHeads(ChainBurst burst, int first, int availIndex, int wanted) {
        int i = 0;
        while (i < wanted) {
            if (i + 4 <= wanted && ring.hasFourAvailHeads(availIndex + i)) {
                long four = ring.fourAvailHeads(availIndex + i);
                if (ring.areDescriptors(four)) {
                    burst.noteFourHeads(first + i, four);
                    i += 4;
                    continue;
                }
            }
            int head = ring.availHead(availIndex + i);
            if (head >= ring.size()) {
                fault = i == 0 ? RingFault.HEAD_OUT_OF_RANGE : fault;
                return i;
            }
            burst.noteHead(first + i, head);
            i++;
        }
        return wanted;
    }

    private static boolean isWritable(long detail) {
        return (SplitRing.flags(detail) & SplitRing.FLAG_WRITE) != 0;
    }

    /** Any chain. False if it breaks the ring, waits for memory, or the burst has no room for it. */
    private boolean any(ChainBurst burst, int head) {
        long address = ring.descriptorAddress(head);
        long detail = ring.descriptorDetail(head);
        if ((SplitRing.flags(detail) & LINKED) == 0) {
            return assembler.alone(burst, head, address, SplitRing.byteLength(detail), isWritable(detail));
        }
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
                return !assembler.awaitsTable() && broken(RingFault.BAD_INDIRECT_TABLE);
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
