package io.annulet.vring;

import io.annulet.memory.GuestMemory;
import io.annulet.memory.HostMemory;
import java.util.Arrays;

/**
 * The device's half of a packed virtqueue; owned by the worker of its queue.
 *
 * <p>Does what {@link SplitDeviceHalf} does, in the same order of methods. Here used elements take the place of available
 * descriptors and are found by their flags, so all that is given back is kept apart until {@link #showUsed}, which
 * writes the first one last: the driver looks no further than that one.
 *
 * <p>Nearly all chains are one descriptor. Of those nothing is kept but that they are one each.
 */
public final class PackedDeviceHalf implements DeviceHalf {

    private static final long USED_FLAGS = PackedRing.detailFlags(PackedRing.usedFlags(true));

    /** A noted used element: length and id as in the ring, and behind them the slot and whether anything was written. */
    private static final long NOTED_MASK = 0xffff_ffff_ffffL;

    private static final int NOTED_SHIFT = 48;

    private final PackedRing ring;
    private final RingFeatures features;
    private final int size;
    private final PackedChainReader chains;

    /**
     * Descriptors of each chain that is borrowed or not shown, by the count of chains; 1 everywhere else. Not looked at
     * while there is no {@link #longChains long chain}.
     */
    private final char[] chainDescriptors;

    /** Chains of more than one descriptor that are borrowed or not shown. */
    private int longChains;

    /** Used elements that are not shown, from the first one on; without the flags that make them used. */
    private final long[] usedDetails;

    private int takenPosition;
    private int takenChains;
    private int usedChains;
    private int shownPosition;
    private int shownChains;

    /** Descriptors shown to the driver since it was last asked whether it wants a call. */
    private int unaskedDescriptors;

    /** Descriptors taken and not shown as used. */
    private int borrowedDescriptors;

    private RingFault fault = RingFault.NONE;

    /** @param position where to go on, for taking and for giving back; see {@link PackedPosition} */
    public PackedDeviceHalf(PackedRing ring, GuestMemory memory, RingFeatures features, int position) {
        if (!PackedPosition.isValid(position, ring.size())) {
            throw new IllegalArgumentException("a packed ring of " + ring.size() + " has no position " + position);
        }
        this.ring = ring;
        this.features = features;
        this.size = ring.size();
        this.chains = new PackedChainReader(ring, memory, features.indirect());
        this.chainDescriptors = new char[Integer.highestOneBit(2 * size - 1)];
        Arrays.fill(chainDescriptors, (char) 1);
        this.usedDetails = new long[size];
        this.takenPosition = position;
        this.shownPosition = position;
    }

    @Override
    public DeviceHalf movedTo(Vring moved, GuestMemory movedMemory) {
        if (borrowedDescriptors != 0) {
            throw new IllegalStateException("a ring moves between bursts only");
        }
        PackedDeviceHalf half = new PackedDeviceHalf((PackedRing) moved, movedMemory, features, takenPosition);
        half.unaskedDescriptors = unaskedDescriptors;
        half.fault = fault;
        return half;
    }

    @Override
    public void goBy(GuestMemory memory) {
        chains.goBy(memory);
    }

    @Override
    public int take(ChainBurst burst, int max) {
        if (fault != RingFault.NONE) {
            return BROKEN;
        }
        return take(ring, chains, burst, max);
    }

    /** Takes chains that an earlier half had taken, from a ring that has those and no others. */
    int takeAgain(PackedRing earlier, PackedChainReader reader, ChainBurst burst, int max) {
        return fault == RingFault.NONE ? take(earlier, reader, burst, max) : BROKEN;
    }

    private int take(PackedRing from, PackedChainReader reader, ChainBurst burst, int max) {
        int taken = takeChains(from, reader, burst, Math.min(max, burst.capacity() - burst.count()));
        return taken == 0 ? none(reader) : taken;
    }

    /** No chain was taken: why not. */
    private int none(PackedChainReader reader) {
        if (reader.fault() != RingFault.NONE) {
            return broken(reader.fault());
        }
        return reader.awaited().isAny() ? WAITS : 0;
    }

    /** One run of available descriptors, and if that ends with the ring another from its beginning on. */
    private int takeChains(PackedRing from, PackedChainReader reader, ChainBurst burst, int wanted) {
        reader.forgetFault();
        int taken = 0;
        while (taken < wanted) {
            int slot = PackedPosition.slot(takenPosition);
            int most = Math.min(Math.min(wanted - taken, size - slot), size - borrowedDescriptors);
            int available = from.availableAcquire(slot, most, PackedPosition.wrap(takenPosition)); // [A]
            int chainsBefore = takenChains;
            boolean all = takeRun(reader, burst, available);
            taken += takenChains - chainsBefore;
            if (!all || available == 0 || slot + available < size) {
                return taken;
            }
        }
        return taken;
    }

    /** Takes the chains that begin in the next {@code available} descriptors. False if one cannot be taken. */
    private boolean takeRun(PackedChainReader reader, ChainBurst burst, int available) {
        int left = available;
        while (left > 0) {
            int singles = reader.readSingles(burst, PackedPosition.slot(takenPosition), left);
            takenChains += singles;
            took(singles);
            left -= singles;
            if (left > 0) {
                int descriptors = reader.read(burst, PackedPosition.slot(takenPosition), size - borrowedDescriptors);
                if (descriptors == 0) {
                    return false;
                }
                if (descriptors > 1) {
                    chainDescriptors[place(takenChains)] = (char) descriptors;
                    longChains++;
                }
                takenChains++;
                took(descriptors);
                left -= descriptors;
            }
        }
        return true;
    }

    private void took(int descriptors) {
        borrowedDescriptors += descriptors;
        takenPosition = PackedPosition.plus(takenPosition, descriptors, size);
    }

    private int place(int chain) {
        return chain & (chainDescriptors.length - 1);
    }

    private int broken(RingFault why) {
        fault = why;
        return BROKEN;
    }

    @Override
    public RingFault fault() {
        return fault;
    }

    @Override
    public AwaitedMemory awaited() {
        return chains.awaited();
    }

    @Override
    public void untake(int count) {
        int descriptors = longChains == 0 ? count : untakeLong(count);
        takenChains -= count;
        borrowedDescriptors -= descriptors;
        takenPosition = PackedPosition.minus(takenPosition, descriptors, size);
    }

    private int untakeLong(int count) {
        int descriptors = 0;
        for (int chain = takenChains - count; chain != takenChains; chain++) {
            descriptors += chainDescriptors[place(chain)];
            forget(chain);
        }
        return descriptors;
    }

    private void forget(int chain) {
        if (chainDescriptors[place(chain)] != 1) {
            chainDescriptors[place(chain)] = 1;
            longChains--;
        }
    }

    /** Of the chain that was taken so many chains ago; 1 is the last one. */
    int descriptorsOf(int chainsAgo) {
        return longChains == 0 ? 1 : chainDescriptors[place(takenChains - chainsAgo)];
    }

    @Override
    public int borrowed() {
        return takenChains - usedChains;
    }

    @Override
    public int available() {
        // What is available lies together. A driver that has it otherwise gets a number that is wrong, and no more
        // loads.
        int count = 0;
        int most = fault == RingFault.NONE ? size - borrowedDescriptors : 0;
        while (count < most) {
            int middle = (count + most) >>> 1;
            if (ring.isAvailableAt(PackedPosition.plus(takenPosition, middle, size))) {
                count = middle + 1;
            } else {
                most = middle;
            }
        }
        return count;
    }

    @Override
    public void giveBack(int id, long writtenByteLength) {
        usedDetails[usedChains - shownChains] = usedDetail(id, writtenByteLength);
        usedChains++;
    }

    private static long usedDetail(int id, long writtenByteLength) {
        return PackedRing.detail(writtenByteLength, id, writtenByteLength == 0 ? 0 : PackedRing.FLAG_WRITE);
    }

    @Override
    public void giveBack(ChainBurst burst, int first, int count) {
        int place = usedChains - shownChains;
        for (int i = 0; i < count; i++) {
            usedDetails[place + i] = usedDetail(burst.head(first + i), burst.written(first + i));
        }
        usedChains += count;
    }

    @Override
    public void abandon() {
        usedChains = shownChains;
        untake(takenChains - shownChains);
    }

    @Override
    public boolean showUsed() {
        int count = usedChains - shownChains;
        if (count == 0) {
            return false;
        }
        int descriptors = write(count);
        long first = usedDetails[0] | usedFlags(shownPosition);
        ring.descriptorDetailRelease(PackedPosition.slot(shownPosition), first); // [B]
        if (longChains != 0) {
            for (int i = 0; i < count; i++) {
                forget(shownChains + i);
            }
        }
        shownPosition = PackedPosition.plus(shownPosition, descriptors, size);
        shownChains = usedChains;
        borrowedDescriptors -= descriptors;
        unaskedDescriptors = Math.min(unaskedDescriptors + descriptors, size);
        return true;
    }

    /** Writes used elements but for the first one; returns how many descriptors all of them stand for. */
    private int write(int count) {
        boolean allSingle = longChains == 0;
        long flags = usedFlags(shownPosition);
        int slot = PackedPosition.slot(shownPosition);
        int descriptors = 0;
        for (int i = 0; i < count; i++) {
            if (i > 0) {
                ring.descriptorDetail(slot, usedDetails[i] | flags);
            }
            int here = allSingle ? 1 : chainDescriptors[place(shownChains + i)];
            descriptors += here;
            slot += here;
            if (slot >= size) {
                slot -= size;
                flags ^= USED_FLAGS;
            }
        }
        return descriptors;
    }

    private static long usedFlags(int position) {
        return PackedPosition.wrap(position) ? USED_FLAGS : 0;
    }

    @Override
    public boolean wantsCall() {
        int published = unaskedDescriptors;
        unaskedDescriptors = 0;
        int flags = ring.driverEventFlags();
        if (features.eventIndex() && flags == PackedRing.EVENT_DESCRIPTOR) {
            return PackedPosition.passed(ring.driverEventPosition(), shownPosition, published, size);
        }
        return flags != PackedRing.EVENT_DISABLE;
    }

    @Override
    public void suppressKicks() {
        ring.deviceEvent(PackedRing.EVENT_DISABLE, 0);
    }

    @Override
    public boolean requestKicks() {
        ring.deviceEvent(features.eventIndex() ? PackedRing.EVENT_DESCRIPTOR : PackedRing.EVENT_ENABLE, takenPosition);
        HostMemory.fullFence(); // [D]
        return fault == RingFault.NONE && chains.isAvailable(takenPosition);
    }

    /** Taken position in the low 16 bits, used position in the high 16 bits, as GET_VRING_BASE has it. */
    @Override
    public int base() {
        return takenPosition | shownPosition << 16;
    }

    @Override
    public int usedPosition() {
        int count = usedChains - shownChains;
        int descriptors = count;
        if (longChains != 0) {
            descriptors = 0;
            for (int i = 0; i < count; i++) {
                descriptors += chainDescriptors[place(shownChains + i)];
            }
        }
        return PackedPosition.plus(shownPosition, descriptors, size);
    }

    @Override
    public int publishedPosition() {
        return shownPosition;
    }

    // A process that dies between writing the later used elements and the first one leaves a ring in which neither side
    // can
    // go on. So what is about to be written can be noted, and be written by whoever comes after.

    @Override
    public int notePending(long address, int most) {
        int count = usedChains - shownChains;
        if (count > most) {
            return 0;
        }
        int slot = PackedPosition.slot(shownPosition);
        for (int i = 0; i < count; i++) {
            long written = (usedDetails[i] >>> (NOTED_SHIFT + 1)) & 1;
            long place = ((long) slot << 1) | written;
            HostMemory.storeLong(
                    address + (long) Long.BYTES * i, (usedDetails[i] & NOTED_MASK) | (place << NOTED_SHIFT));
            slot += longChains == 0 ? 1 : chainDescriptors[place(shownChains + i)];
            slot -= slot >= size ? size : 0;
        }
        return count;
    }

    /** Writes used elements that an earlier half noted, the first one at a position, and shows them to the driver. */
    public static void redo(PackedRing ring, int from, long address, int count) {
        boolean wrap = PackedPosition.wrap(from);
        int before = PackedPosition.slot(from);
        for (int i = 1; i < count; i++) {
            long noted = HostMemory.loadLong(address + (long) Long.BYTES * i);
            int slot = (int) (noted >>> (NOTED_SHIFT + 1)) % ring.size();
            wrap ^= slot < before;
            before = slot;
            ring.descriptorDetail(slot, redone(noted, wrap));
        }
        long first = redone(HostMemory.loadLong(address), PackedPosition.wrap(from));
        ring.descriptorDetailRelease(PackedPosition.slot(from), first); // [B]
    }

    private static long redone(long noted, boolean wrap) {
        long write = ((noted >>> NOTED_SHIFT) & 1) == 0 ? 0 : PackedRing.FLAG_WRITE;
        return (noted & NOTED_MASK) | (write << NOTED_SHIFT) | (wrap ? USED_FLAGS : 0);
    }
}
