package io.annulet.vring;

import io.annulet.memory.GuestMemory;
import io.annulet.memory.HostMemory;

/**
 * The device's half of a packed virtqueue; owned by the worker of its queue.
 *
 * <p>Does what {@link SplitDeviceHalf} does, in the same order of methods. Here used elements take the place of available
 * descriptors and are found by their flags, so all that is given back is kept apart until {@link #showUsed}, which
 * writes the first one last: the driver looks no further than that one.
 */
public final class PackedDeviceHalf implements DeviceHalf {

    private final PackedRing ring;
    private final RingFeatures features;
    private final int size;
    private final PackedChainReader chains;

    /** Descriptors of each chain that is borrowed or not published, by the count of chains. */
    private final int[] chainDescriptors;

    /** Used elements that are not published, likewise. */
    private final long[] usedDetails;

    private final int chainMask;
    private int takenPosition;
    private int takenChains;

    /** Chains taken the last time: a guess at how many wait now. */
    private int takenLast;

    private int usedPosition;
    private int usedChains;
    private int publishedPosition;
    private int publishedChains;

    /** Descriptors shown to the driver since it was last asked whether it wants a call. */
    private int unaskedDescriptors;

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
        this.chainDescriptors = new int[Integer.highestOneBit(2 * size - 1)];
        this.usedDetails = new long[chainDescriptors.length];
        this.chainMask = chainDescriptors.length - 1;
        this.takenPosition = position;
        this.usedPosition = position;
        this.publishedPosition = position;
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
    public int take(ChainBurst burst, int max) {
        if (fault != RingFault.NONE) {
            return BROKEN;
        }
        int wanted = Math.min(max, burst.capacity() - burst.count());
        ring.touch(PackedPosition.slot(takenPosition), Math.min(wanted, takenLast));
        int taken = takeChains(burst, wanted);
        takenLast = taken;
        return taken == 0 && chains.fault() != RingFault.NONE ? broken(chains.fault()) : taken;
    }

    private int takeChains(ChainBurst burst, int wanted) {
        for (int taken = 0; taken < wanted; taken++) {
            int descriptors = chains.read(burst, takenPosition, size - borrowedDescriptors);
            if (descriptors == 0) {
                return taken;
            }
            chainDescriptors[takenChains & chainMask] = descriptors;
            takenChains++;
            borrowedDescriptors += descriptors;
            takenPosition = PackedPosition.plus(takenPosition, descriptors, size);
        }
        return wanted;
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
    public void untake(int count) {
        for (int i = 0; i < count; i++) {
            takenChains--;
            int descriptors = chainDescriptors[takenChains & chainMask];
            borrowedDescriptors -= descriptors;
            takenPosition = PackedPosition.minus(takenPosition, descriptors, size);
        }
    }

    @Override
    public int borrowed() {
        return takenChains - usedChains;
    }

    @Override
    public void giveBack(int id, long writtenByteLength) {
        int at = usedChains & chainMask;
        int flags = PackedRing.usedFlags(PackedPosition.wrap(usedPosition))
                | (writtenByteLength == 0 ? 0 : PackedRing.FLAG_WRITE);
        usedDetails[at] = PackedRing.detail(writtenByteLength, id, flags);
        usedChains++;
        borrowedDescriptors -= chainDescriptors[at];
        usedPosition = PackedPosition.plus(usedPosition, chainDescriptors[at], size);
    }

    @Override
    public void abandon() {
        untake(takenChains - usedChains);
        while (usedChains != publishedChains) {
            usedChains--;
            borrowedDescriptors += chainDescriptors[usedChains & chainMask];
        }
        usedPosition = publishedPosition;
        untake(takenChains - usedChains);
    }

    @Override
    public boolean showUsed() {
        if (usedChains == publishedChains) {
            return false;
        }
        int first = publishedChains & chainMask;
        int published = chainDescriptors[first];
        int position = PackedPosition.plus(publishedPosition, published, size);
        for (int chain = publishedChains + 1; chain != usedChains; chain++) {
            int at = chain & chainMask;
            ring.descriptorDetail(PackedPosition.slot(position), usedDetails[at]);
            position = PackedPosition.plus(position, chainDescriptors[at], size);
            published += chainDescriptors[at];
        }
        ring.descriptorDetailRelease(PackedPosition.slot(publishedPosition), usedDetails[first]); // [B]
        publishedPosition = usedPosition;
        publishedChains = usedChains;
        unaskedDescriptors = Math.min(unaskedDescriptors + published, size);
        return true;
    }

    @Override
    public boolean wantsCall() {
        int published = unaskedDescriptors;
        unaskedDescriptors = 0;
        int flags = ring.driverEventFlags();
        if (features.eventIndex() && flags == PackedRing.EVENT_DESCRIPTOR) {
            return PackedPosition.passed(ring.driverEventPosition(), publishedPosition, published, size);
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
        return takenPosition | usedPosition << 16;
    }
}
