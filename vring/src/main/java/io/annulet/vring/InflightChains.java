package io.annulet.vring;

import io.annulet.memory.HostMemory;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What a region of in-flight memory tells of a ring: the chains that a device has taken and not given back, in the order in
 * which it took them; immutable.
 *
 * <p>Read it as an attacker would: whoever shares the memory can write anything there. So it is read from a private copy
 * of the region, each entry at most twice whatever it says, and a region in which anything contradicts anything else is
 * refused as a whole.
 *
 * @param position up to where the driver was shown what came back: an index of a split ring, or a {@link PackedPosition}
 * @param chains from the oldest on
 * @param nextCounter larger than that of any chain
 * @param freeEntries of a packed ring: the list of entries that are not in use, from its head on
 */
public record InflightChains(int position, List<Chain> chains, long nextCounter, List<Integer> freeEntries) {

    public InflightChains {
        chains = List.copyOf(chains);
        freeEntries = List.copyOf(freeEntries);
    }

    /**
     * A chain.
     *
     * @param entries that have its state, one for each descriptor of a packed ring; the one of a split ring is its head too
     * @param passed whether its frames were about to be passed on
     * @param descriptors of a packed ring, as the driver made them; none of a split one
     */
    public record Chain(List<Integer> entries, long counter, boolean passed, List<Descriptor> descriptors) {
        public Chain {
            entries = List.copyOf(entries);
            descriptors = List.copyOf(descriptors);
        }

        int entry() {
            return entries.getFirst();
        }
    }

    /** A descriptor's two words: see {@link PackedRing}. */
    public record Descriptor(long address, long detail) {}

    /** How many chains, the oldest, were passed on: those are not to be sent again. */
    public int passedChains() {
        int passed = 0;
        while (passed < chains.size() && chains.get(passed).passed()) {
            passed++;
        }
        return passed;
    }

    private static void check(boolean holds, String what) {
        if (!holds) {
            throw new InflightException(what);
        }
    }

    private static boolean checkedVersion(long copy, int size) {
        long head = HostMemory.loadLong(copy + InflightLayout.HEAD);
        int version = (int) head & 0xffff;
        int descriptors = (int) (head >>> 16) & 0xffff;
        if (version == 0) {
            return false;
        }
        check(version == InflightLayout.VERSION, "version " + version);
        long features = HostMemory.loadLong(copy + InflightLayout.FEATURES);
        check(features == 0, "unknown features 0x" + Long.toHexString(features));
        check(descriptors == size, descriptors + " descriptors of a ring of " + size);
        return true;
    }

    private static boolean isInFlight(long entryAddress, int entry) {
        int value = HostMemory.loadByte(entryAddress + InflightLayout.INFLIGHT);
        check(value <= 1, "entry " + entry + " has " + value + " for whether it is in flight");
        return value == 1;
    }

    private static boolean isPassed(long entryAddress) {
        return HostMemory.loadByte(entryAddress + InflightLayout.PASSED) != 0;
    }

    /** In the order of their counters; it is the entries' where those are the same. */
    private static InflightChains sorted(int position, List<Chain> found, List<Integer> freeEntries) {
        found.sort((a, b) -> Long.compareUnsigned(a.counter(), b.counter()));
        long next = found.isEmpty() ? 0 : found.getLast().counter() + 1;
        return new InflightChains(position, found, next, freeEntries);
    }

    /**
     * Reads the region of a split ring.
     *
     * @param copy address of a private copy of the region
     * @param usedIndex of the ring
     * @param availIndex of the ring
     * @return null if the region was not in use
     * @throws InflightException if it contradicts itself or the ring
     */
    public static @Nullable InflightChains ofSplit(long copy, int size, int usedIndex, int availIndex) {
        if (!checkedVersion(copy, size)) {
            return null;
        }
        boolean[] inFlight = new boolean[size];
        for (int i = 0; i < size; i++) {
            inFlight[i] = isInFlight(splitEntry(copy, i), i);
        }
        endLastBatch(copy, size, usedIndex, inFlight);
        List<Chain> found = new ArrayList<>();
        for (int i = 0; i < size; i++) {
            if (inFlight[i]) {
                long at = splitEntry(copy, i);
                found.add(new Chain(
                        List.of(i), HostMemory.loadLong(at + InflightLayout.COUNTER), isPassed(at), List.of()));
            }
        }
        int available = Index16.distance(usedIndex, availIndex);
        check(available <= size && found.size() <= available, found.size() + " chains of " + available);
        return sorted(usedIndex, found, List.of());
    }

    private static long splitEntry(long copy, int entry) {
        return copy + InflightLayout.SPLIT_ENTRIES + (long) InflightLayout.SPLIT_ENTRY_BYTES * entry;
    }

    /** What the driver was shown and the region does not know of yet is the batch whose list it has. */
    private static void endLastBatch(long copy, int size, int usedIndex, boolean[] inFlight) {
        long head = HostMemory.loadLong(copy + InflightLayout.HEAD);
        int batch = Index16.distance((int) (head >>> 48), usedIndex);
        check(batch <= size, "a last batch of " + batch);
        int entry = (int) (head >>> 32) & 0xffff;
        boolean[] seen = new boolean[size];
        for (int i = 0; i < batch; i++) {
            check(entry < size && !seen[entry], "a list of the last batch that does not hold");
            seen[entry] = true;
            inFlight[entry] = false;
            entry = HostMemory.loadShort(splitEntry(copy, entry) + InflightLayout.SPLIT_NEXT);
        }
    }

    /**
     * Reads the region of a packed ring.
     *
     * @param copy address of a private copy of the region
     * @param ring a copy too, which tells whether the last publication was made
     * @return null if the region was not in use
     * @throws InflightException if it contradicts itself
     */
    public static @Nullable InflightChains ofPacked(long copy, PackedRing ring) {
        int size = ring.size();
        if (!checkedVersion(copy, size)) {
            return null;
        }
        long positions = HostMemory.loadLong(copy + InflightLayout.POSITIONS);
        int used = position(positions, size);
        int oldUsed = position((positions >>> 16 & 0xffff) | (positions >>> 40 & 0xff) << 32, size);
        // Whether the publication was made that was under way, if one was.
        boolean isMade = used != oldUsed && !ring.isAvailableAt(oldUsed);
        long head = HostMemory.loadLong(copy + InflightLayout.HEAD);
        int freeHead = (int) (isMade ? head >>> 32 : head >>> 48) & 0xffff;
        boolean[] seen = new boolean[size];
        List<Integer> free = freeList(copy, size, freeHead, seen);
        boolean[] isFree = seen.clone();
        int counted = free.size();
        List<Chain> found = new ArrayList<>();
        for (int i = 0; i < size; i++) {
            if (isInFlight(packedEntry(copy, i), i) && !isFree[i]) {
                Chain chain = packedChain(copy, i, size, seen);
                counted += chain.descriptors().size();
                found.add(chain);
            }
        }
        check(counted == size, "a list of free entries that lacks some");
        return sorted(isMade ? used : oldUsed, found, free);
    }

    private static int position(long word, int size) {
        int slot = (int) word & 0xffff;
        int wrap = (int) (word >>> 32) & 0xff;
        check(slot < size && wrap <= 1, "used index " + slot + " with wrap counter " + wrap);
        return slot | wrap << 15;
    }

    private static long packedEntry(long copy, int entry) {
        return copy + InflightLayout.PACKED_ENTRIES + (long) InflightLayout.PACKED_ENTRY_BYTES * entry;
    }

    /** Up to the end, which is as many as there are descriptors. */
    private static List<Integer> freeList(long copy, int size, int head, boolean[] seen) {
        List<Integer> free = new ArrayList<>();
        int entry = head;
        while (entry != size) {
            check(entry < size && !seen[entry], "a list of free entries that does not hold");
            seen[entry] = true;
            free.add(entry);
            entry = HostMemory.loadShort(packedEntry(copy, entry) + InflightLayout.PACKED_NEXT);
        }
        return free;
    }

    private static Chain packedChain(long copy, int first, int size, boolean[] seen) {
        long at = packedEntry(copy, first);
        int count = HostMemory.loadShort(at + InflightLayout.PACKED_NUM);
        int last = HostMemory.loadShort(at + InflightLayout.PACKED_LAST);
        check(count >= 1 && count <= size, "a chain of " + count + " descriptors");
        List<Descriptor> descriptors = new ArrayList<>();
        List<Integer> entries = new ArrayList<>();
        int entry = first;
        for (int i = 0; i < count; i++) {
            check(entry < size && !seen[entry], "a chain whose entries do not hold");
            seen[entry] = true;
            entries.add(entry);
            long here = packedEntry(copy, entry);
            long detail = InflightLayout.descriptorDetail(HostMemory.loadLong(here + InflightLayout.PACKED_DETAIL));
            boolean goesOn = (PackedRing.flags(detail) & PackedRing.FLAG_NEXT) != 0;
            check(goesOn == (i + 1 < count), "a chain that does not end with its last descriptor");
            check((entry == last) == (i + 1 == count), "a chain that does not end with its last entry");
            descriptors.add(new Descriptor(HostMemory.loadLong(here + InflightLayout.PACKED_ADDRESS), detail));
            entry = HostMemory.loadShort(here + InflightLayout.PACKED_NEXT);
        }
        return new Chain(entries, HostMemory.loadLong(at + InflightLayout.COUNTER), isPassed(at), descriptors);
    }
}
