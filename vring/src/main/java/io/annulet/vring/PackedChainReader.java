package io.annulet.vring;

import io.annulet.memory.GuestMemory;

/**
 * Follows the chains of a packed ring from available descriptors to buffers; owned by the worker of its queue.
 *
 * <p>Read it as an attacker would. The flags that make chains available are loaded first, of a run of them; then each
 * descriptor is loaded once, as two words, and only that copy is used. A chain is never longer than what is left of the ring.
 */
final class PackedChainReader {

    private static final int LINKED = PackedRing.FLAG_NEXT | PackedRing.FLAG_INDIRECT;

    private final PackedRing ring;
    private final boolean indirectAcknowledged;
    private final ChainAssembler assembler;
    private RingFault fault = RingFault.NONE;

    PackedChainReader(PackedRing ring, GuestMemory memory, boolean indirectAcknowledged) {
        this.ring = ring;
        this.indirectAcknowledged = indirectAcknowledged;
        this.assembler = new ChainAssembler(memory);
    }

    RingFault fault() {
        return fault;
    }

    void forgetFault() {
        fault = RingFault.NONE;
        assembler.awaited().clear();
    }

    void goBy(GuestMemory memory) {
        assembler.goBy(memory);
    }

    /** What the next chain waits for, if that is why it was not read. */
    AwaitedMemory awaited() {
        return assembler.awaited();
    }

    boolean isAvailable(int position) {
        int flags = ring.flagsAcquire(PackedPosition.slot(position)); // [A]
        return PackedRing.isAvailable(flags, PackedPosition.wrap(position));
    }

    /**
     * Adds chains of one sound buffer each from {@code slot} on, as long as that is what they are and the burst has room.
     *
     * @param available descriptors from there on that are available, none behind the ring's end
     * @return how many
     */
    int readSingles(ChainBurst burst, int slot, int available) {
        int most = Math.min(available, burst.singlesLeft());
        int i = 0;
        while (i < most) {
            long detail = ring.descriptorDetail(slot + i);
            int flags = PackedRing.flags(detail);
            int byteLength = (int) PackedRing.byteLength(detail);
            long address = assembler.atHand(ring.descriptorAddress(slot + i), byteLength);
            if ((flags & LINKED) != 0 || address == GuestMemory.UNMAPPED) {
                break;
            }
            burst.single(i++, PackedRing.id(detail), address, byteLength, isWritable(flags));
        }
        burst.addSingles(i);
        return i;
    }

    /**
     * Adds the chain whose first descriptor, at {@code slot}, is available.
     *
     * @param most descriptors that the chain may have, at least 1
     * @return how many it has; 0 if it breaks the ring, waits for memory, or the burst has no room for it
     */
    int read(ChainBurst burst, int slot, int most) {
        long address = ring.descriptorAddress(slot);
        long detail = ring.descriptorDetail(slot);
        int flags = PackedRing.flags(detail);
        burst.begin(PackedRing.id(detail));
        if ((flags & LINKED) == 0) {
            long byteLength = PackedRing.byteLength(detail);
            return kept(
                    burst, assembler.alone(burst, PackedRing.id(detail), address, byteLength, isWritable(flags)), 1);
        }
        return (flags & PackedRing.FLAG_INDIRECT) != 0
                ? indirect(burst, address, detail)
                : linked(burst, slot, address, detail, most);
    }

    private static boolean isWritable(int flags) {
        return (flags & PackedRing.FLAG_WRITE) != 0;
    }

    private static int kept(ChainBurst burst, boolean added, int descriptors) {
        if (!added) {
            burst.forget();
            return 0;
        }
        return descriptors;
    }

    private int linked(ChainBurst burst, int firstSlot, long firstAddress, long firstDetail, int most) {
        int slot = firstSlot;
        long address = firstAddress;
        long detail = firstDetail;
        assembler.begin(burst, 0);
        for (int descriptors = 1; ; descriptors++) {
            int flags = PackedRing.flags(detail);
            if ((flags & PackedRing.FLAG_INDIRECT) != 0) {
                return broken(burst, RingFault.INDIRECT_MISUSED);
            }
            assembler.buffer(burst, address, PackedRing.byteLength(detail), isWritable(flags));
            if ((flags & PackedRing.FLAG_NEXT) == 0) {
                burst.head(burst.count(), PackedRing.id(detail)); // the last descriptor has the chain's id
                return kept(burst, assembler.end(burst), descriptors);
            }
            if (descriptors == most) {
                return broken(burst, RingFault.CHAIN_TOO_LONG);
            }
            slot = slot + 1 == ring.size() ? 0 : slot + 1;
            address = ring.descriptorAddress(slot);
            detail = ring.descriptorDetail(slot);
        }
    }

    /** A chain through an indirect table, whose entries follow each other. VIRTIO 1.2, "Indirect Flag". */
    private int indirect(ChainBurst burst, long tableAddress, long tableDetail) {
        if (!indirectAcknowledged) {
            return broken(burst, RingFault.INDIRECT_NOT_ACKNOWLEDGED);
        }
        if ((PackedRing.flags(tableDetail) & PackedRing.FLAG_NEXT) != 0) {
            return broken(burst, RingFault.INDIRECT_MISUSED);
        }
        int entries = ChainAssembler.tableEntries(tableAddress, PackedRing.byteLength(tableDetail), ring.size());
        if (entries == 0) {
            return broken(burst, RingFault.BAD_INDIRECT_TABLE);
        }
        assembler.begin(burst, PackedRing.id(tableDetail));
        for (int i = 0; i < entries; i++) {
            long at = tableAddress + (long) SplitRing.DESCRIPTOR_BYTES * i;
            long address = assembler.tableWord(at);
            long detail = assembler.tableWord(at + 8);
            if (assembler.missedWord()) {
                return assembler.awaitsTable() ? kept(burst, false, 0) : broken(burst, RingFault.BAD_INDIRECT_TABLE);
            }
            int flags = PackedRing.flags(detail);
            if ((flags & PackedRing.FLAG_INDIRECT) != 0) {
                return broken(burst, RingFault.INDIRECT_MISUSED);
            }
            assembler.buffer(burst, address, PackedRing.byteLength(detail), isWritable(flags));
        }
        return kept(burst, assembler.end(burst), 1);
    }

    private int broken(ChainBurst burst, RingFault why) {
        burst.forget();
        fault = why;
        return 0;
    }
}
