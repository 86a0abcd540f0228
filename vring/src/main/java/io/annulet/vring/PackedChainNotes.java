package io.annulet.vring;

import java.util.List;

/**
 * Notes of the chains of a packed ring; owned by the worker of its queue.
 *
 * <p>An entry is in use for each descriptor of a chain. Which ones are free is kept here too, since the list in the shared
 * memory may be changed by others.
 */
final class PackedChainNotes extends ChainNotes {

    private PackedRing ring;

    /** Of free entries, and of those of a chain but for its last one: which comes next; the size behind the last one. */
    private final int[] next;

    // Of each chain, by its number.
    private final int[] entries;
    private final int[] lasts;
    private final int[] counts;
    private final int[] ids;

    private int freeHead;
    private int linkedFreeHead;
    private int position;
    private int linkedPosition;

    PackedChainNotes(InflightWords words, long region, PackedRing ring) {
        super(words, region, ring.size());
        this.ring = ring;
        this.next = new int[size];
        this.entries = new int[mask + 1];
        this.lasts = new int[mask + 1];
        this.counts = new int[mask + 1];
        this.ids = new int[mask + 1];
    }

    /** The same notes of a ring that lies elsewhere now. */
    void movedTo(PackedRing moved) {
        ring = moved;
    }

    @Override
    void begin(int from) {
        words.word(region + InflightLayout.HEAD, 0); // not in use until all of it is
        words.word(region + InflightLayout.FEATURES, 0);
        for (int i = 0; i < size; i++) {
            next[i] = i + 1;
            words.word(entryOf(i), (long) (i + 1) << 16);
        }
        position = from;
        storePositions(position, position);
        storeHead(0, 0);
    }

    @Override
    void goOn(InflightChains chains) {
        List<Integer> free = chains.freeEntries();
        for (int i = 0; i < free.size(); i++) {
            next[free.get(i)] = i + 1 < free.size() ? free.get(i + 1) : size;
            words.pair(entryOf(free.get(i)), 0);
        }
        for (InflightChains.Chain chain : chains.chains()) {
            int place = place(noted++);
            entries[place] = chain.entry();
            lasts[place] = chain.entries().getLast();
            for (int i = 1; i < chain.entries().size(); i++) {
                next[chain.entries().get(i - 1)] = chain.entries().get(i);
            }
            counts[place] = chain.descriptors().size();
            ids[place] = PackedRing.id(chain.descriptors().getLast().detail());
        }
        forgetPassedBehind(chains.passedChains());
        freeHead = free.isEmpty() ? size : free.getFirst();
        counter = chains.nextCounter();
        position = chains.position();
        storeHead(freeHead, freeHead);
        storePositions(position, position);
    }

    private long entryOf(int entry) {
        return region + InflightLayout.PACKED_ENTRIES + (long) InflightLayout.PACKED_ENTRY_BYTES * entry;
    }

    @Override
    long entry(int number) {
        return entryOf(entries[place(number)]);
    }

    private void storeHead(int free, int oldFree) {
        words.word(region + InflightLayout.HEAD, InflightLayout.head(size, free, oldFree));
    }

    private void storePositions(int used, int oldUsed) {
        words.word(region + InflightLayout.POSITIONS, InflightLayout.positions(used, oldUsed));
    }

    @Override
    void note(DeviceHalf half, ChainBurst burst, int first, int count, int from) {
        PackedDeviceHalf packed = (PackedDeviceHalf) half;
        int at = from & 0xffff;
        boolean any = false;
        for (int i = 0; i < count; i++) {
            int number = taken + i;
            int descriptors = packed.descriptorsOf(count - i);
            int place = place(number);
            if (number - noted < 0 && (counts[place] != descriptors || ids[place] != burst.head(first + i))) {
                forgetFrom(number); // the driver changed what it had made available
            }
            if (number - noted >= 0) {
                any = true;
                noteOne(place, at, descriptors, burst.head(first + i));
                noted = number + 1;
            }
            at = PackedPosition.plus(at, descriptors, size);
        }
        if (any) {
            storeHead(freeHead, freeHead); // only now are they in flight: before, their entries were free
        }
    }

    private void noteOne(int place, int from, int descriptors, int id) {
        int head = freeHead;
        int last = head;
        int entry = head;
        int at = from;
        for (int i = 0; i < descriptors; i++) {
            if (entry >= size) {
                throw new AssertionError("more descriptors are noted than the ring has");
            }
            int slot = PackedPosition.slot(at);
            long detail = ring.descriptorDetail(slot);
            words.word(entryOf(entry) + InflightLayout.PACKED_DETAIL, InflightLayout.entryDetail(detail));
            words.word(entryOf(entry) + InflightLayout.PACKED_ADDRESS, ring.descriptorAddress(slot));
            last = entry;
            entry = next[entry];
            at = PackedPosition.plus(at, 1, size);
        }
        words.word(entryOf(head) + InflightLayout.COUNTER, counter++);
        words.word(entryOf(head), 1 | (long) next[head] << 16 | (long) last << 32 | (long) descriptors << 48);
        entries[place] = head;
        lasts[place] = last;
        counts[place] = descriptors;
        ids[place] = id;
        freeHead = entry;
    }

    private void forgetFrom(int number) {
        for (int i = noted - 1; i - number >= 0; i--) {
            words.pair(entry(i), 0);
            free(place(i), freeHead);
            freeHead = entries[place(i)];
        }
        noted = number;
        storeHead(freeHead, freeHead);
    }

    private void free(int place, int before) {
        next[lasts[place]] = before;
        words.pair(entryOf(lasts[place]) + InflightLayout.PACKED_NEXT, before);
    }

    @Override
    void link(int count, int to) {
        int free = freeHead;
        for (int i = 0; i < count; i++) {
            int place = place(shown + i);
            free(place, free);
            free = entries[place];
        }
        linkedFreeHead = free;
        linkedPosition = to;
        storeHead(free, freeHead);
        storePositions(to, position);
    }

    @Override
    void unlink(int count) {
        for (int i = 0; i < count; i++) {
            words.pair(entry(shown + i), 0);
        }
        freeHead = linkedFreeHead;
        position = linkedPosition;
        storeHead(freeHead, freeHead);
        storePositions(position, position);
    }
}
