package io.annulet.vring;

import io.annulet.memory.GuestMemory;
import io.annulet.memory.HostMemory;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * Chains that an earlier device had taken from a ring, as it noted them, to be taken again before all others; owned by the
 * worker of the queue.
 *
 * <p>What the driver made available once may be overwritten in the ring by what it made available later. So the chains lie
 * in a ring of our own: of a split ring, a private available ring with their heads, over the driver's descriptors; of a
 * packed ring, private descriptors. They are read by the same code as others, and trusted as little.
 */
abstract sealed class EarlierChains {

    final int count;

    private EarlierChains(int count) {
        this.count = count;
    }

    static EarlierChains of(InflightChains chains, Vring ring, GuestMemory memory, RingFeatures features) {
        return switch (ring) {
            case SplitRing split ->
                new Split(heads(chains, split.size()), chains.chains().size(), split, memory, features);
            case PackedRing packed ->
                new Packed(descriptors(chains, packed.size()), chains.chains().size(), packed.size(), memory, features);
        };
    }

    abstract int take(DeviceHalf half, ChainBurst burst, int max);

    abstract EarlierChains movedTo(Vring moved, GuestMemory memory);

    private static MemorySegment heads(InflightChains chains, int size) {
        MemorySegment avail = Arena.ofAuto().allocate(SplitRing.availBytes(size), 8);
        SplitRing ring = new SplitRing(0, HostMemory.addressOf(avail), 0, size);
        int index = chains.position();
        for (InflightChains.Chain chain : chains.chains()) {
            ring.availHead(index++, chain.entry());
        }
        return avail;
    }

    private static MemorySegment descriptors(InflightChains chains, int size) {
        MemorySegment memory = Arena.ofAuto().allocate(PackedRing.descriptorRingBytes(size), 16);
        PackedRing ring = packedRing(memory, size);
        int position = chains.position();
        for (InflightChains.Chain chain : chains.chains()) {
            for (InflightChains.Descriptor descriptor : chain.descriptors()) {
                int slot = PackedPosition.slot(position);
                ring.descriptorAddress(slot, descriptor.address());
                ring.descriptorDetail(slot, PackedRing.available(descriptor.detail(), PackedPosition.wrap(position)));
                position = PackedPosition.plus(position, 1, size);
            }
        }
        return memory;
    }

    /** Without event areas: nobody asks it for notifications. */
    private static PackedRing packedRing(MemorySegment memory, int size) {
        return new PackedRing(HostMemory.addressOf(memory), 0, 0, size);
    }

    private static final class Split extends EarlierChains {

        /** Kept from being collected. */
        private final MemorySegment avail;

        private final RingFeatures features;
        private final SplitChainReader reader;

        Split(MemorySegment avail, int count, SplitRing ring, GuestMemory memory, RingFeatures features) {
            super(count);
            this.avail = avail;
            this.features = features;
            this.reader =
                    new SplitChainReader(ring.withAvail(HostMemory.addressOf(avail)), memory, features.indirect());
        }

        @Override
        int take(DeviceHalf half, ChainBurst burst, int max) {
            return ((SplitDeviceHalf) half).takeAgain(reader, burst, max);
        }

        @Override
        EarlierChains movedTo(Vring moved, GuestMemory memory) {
            return new Split(avail, count, (SplitRing) moved, memory, features);
        }
    }

    private static final class Packed extends EarlierChains {

        /** Kept from being collected. */
        private final MemorySegment descriptors;

        private final RingFeatures features;
        private final PackedRing ring;
        private final PackedChainReader reader;

        Packed(MemorySegment descriptors, int count, int size, GuestMemory memory, RingFeatures features) {
            super(count);
            this.descriptors = descriptors;
            this.features = features;
            this.ring = packedRing(descriptors, size);
            this.reader = new PackedChainReader(ring, memory, features.indirect());
        }

        @Override
        int take(DeviceHalf half, ChainBurst burst, int max) {
            return ((PackedDeviceHalf) half).takeAgain(ring, reader, burst, max);
        }

        @Override
        EarlierChains movedTo(Vring moved, GuestMemory memory) {
            return new Packed(descriptors, count, ring.size(), memory, features);
        }
    }
}
