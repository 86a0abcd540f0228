package io.annulet.backend.control;

import io.annulet.memory.Access;
import io.annulet.memory.GuestMemory;
import io.annulet.memory.IoTable;
import io.annulet.memory.Region;
import io.annulet.vhostuser.VirtioFeature;
import io.annulet.vring.Index16;
import io.annulet.vring.PackedPosition;
import io.annulet.vring.PackedRing;
import io.annulet.vring.SplitRing;
import io.annulet.vring.Vring;
import java.util.ArrayList;
import java.util.List;

/** What the messages about a ring mean in each of the two layouts; stateless. */
enum RingLayout {
    /** VIRTIO 1.2, "Split Virtqueues". The base is the index of the available entry to take next. */
    SPLIT {
        @Override
        boolean isValidSize(long size) {
            return SplitRing.isValidSize(size);
        }

        @Override
        Area[] areas(int size) {
            return new Area[] {
                new Area("descriptor table", SplitRing.descriptorTableBytes(size), 16, Access.READ),
                new Area("available ring", SplitRing.availBytes(size), 2, Access.READ),
                new Area("used ring", SplitRing.usedBytes(size), 4, Access.WRITE)
            };
        }

        @Override
        Vring ring(long first, long second, long third, int size) {
            return new SplitRing(first, second, third, size);
        }

        @Override
        boolean isValidBase(long base) {
            return base <= 0xffff;
        }

        // The base, unless the used index tells that chains before it were never given back. An earlier back-end took
        // them; chains are given back in order, so they are just those from the used index on.
        @Override
        int resume(Vring ring, int base, MemoryTable memory) {
            int usedIndex = memory.readShort(((SplitRing) ring).usedIndexAddress());
            if (usedIndex < 0) {
                throw new MessageFault("the memory of a ring is gone");
            }
            return Index16.distance(usedIndex, base) <= ring.size() ? usedIndex : base;
        }

        @Override
        int left(Vring ring, int base, MemoryTable memory) {
            int usedIndex = memory.readShort(((SplitRing) ring).usedIndexAddress());
            return usedIndex < 0 ? base : usedIndex;
        }
    },
    /** VIRTIO 1.2, "Packed Virtqueues". The base is a position with its wrap counter, twice: to take, and to give back. */
    PACKED {
        @Override
        boolean isValidSize(long size) {
            return PackedRing.isValidSize(size);
        }

        @Override
        Area[] areas(int size) {
            return new Area[] {
                new Area("descriptor ring", PackedRing.descriptorRingBytes(size), 16, Access.READ_WRITE),
                new Area("driver area", PackedRing.EVENT_AREA_BYTES, 4, Access.READ),
                new Area("device area", PackedRing.EVENT_AREA_BYTES, 4, Access.WRITE)
            };
        }

        @Override
        Vring ring(long first, long second, long third, int size) {
            return new PackedRing(first, second, third, size);
        }

        @Override
        boolean isValidBase(long base) {
            return base <= 0xffff_ffffL;
        }

        // Front-ends differ in whether they tell the used position; all that was taken has been given back.
        @Override
        int resume(Vring ring, int base, MemoryTable memory) {
            int position = base == 0 && isUntouched((PackedRing) ring, memory) ? PackedPosition.START : base & 0xffff;
            if (!PackedPosition.isValid(position, ring.size())) {
                throw new MessageFault("a packed ring of " + ring.size() + " descriptors has no position " + position);
            }
            return position;
        }

        // Its record tells.
        @Override
        int left(Vring ring, int base, MemoryTable memory) {
            return base;
        }

        // User-mode Linux tells base 0 of a ring that begins, where the wrap counter is missing. A ring that really
        // stands
        // there has been used up in the round before, its first descriptor too.
        private boolean isUntouched(PackedRing ring, MemoryTable memory) {
            int flags = memory.readShort(ring.firstFlagsAddress());
            return flags >= 0 && (flags & PackedRing.FLAG_USED) == 0;
        }
    };

    /**
     * One of the three parts of a ring, in the order in which SET_VRING_ADDR names them.
     *
     * @param access what the device does there
     */
    record Area(String name, long byteLength, int alignment, int access) {

        long translate(RingPlaces places, long address) {
            long hostAddress = places.hostAddress(address, byteLength, access);
            if (hostAddress == GuestMemory.UNMAPPED) {
                throw new MessageFault(String.format(
                        "a %s of %d bytes at address 0x%x, not in one region", name, byteLength, address));
            }
            checkAlignment(hostAddress | address);
            return hostAddress;
        }

        void checkAlignment(long address) {
            if ((address & (alignment - 1)) != 0) {
                throw new MessageFault(
                        String.format("a %s at address 0x%x, not aligned to %d", name, address, alignment));
            }
        }
    }

    /** The host addresses of a ring's areas, in the order in which SET_VRING_ADDR names them. */
    record Place(long first, long second, long third) {}

    /**
     * A part of a ring that is not known.
     *
     * @param ioAddress of its first byte
     * @param access what the device has to do there
     */
    record Missing(long ioAddress, int access) {}

    static RingLayout of(long acknowledgedFeatures) {
        return (acknowledgedFeatures & VirtioFeature.RING_PACKED) != 0 ? PACKED : SPLIT;
    }

    abstract boolean isValidSize(long size);

    abstract Area[] areas(int size);

    abstract Vring ring(long first, long second, long third, int size);

    /** Whether a base as SET_VRING_BASE brings it can be one of this layout. */
    abstract boolean isValidBase(long base);

    /** Where to go on in a ring whose base was told. */
    abstract int resume(Vring ring, int base, MemoryTable memory);

    /** Where another process has left a ring that was at {@code base} before, as far as the ring tells. */
    abstract int left(Vring ring, int base, MemoryTable memory);

    /**
     * The ring in our address space.
     *
     * @throws MessageFault unless the size is legal and each area lies wholly in one region, aligned, apart from the
     *     others
     */
    Vring in(RingPlaces places, VringAddresses at, int size) {
        return ring(place(places, at, size), size);
    }

    Vring ring(Place place, int size) {
        return ring(place.first, place.second, place.third, size);
    }

    /** Likewise where it is in our address space. */
    Place place(RingPlaces places, VringAddresses at, int size) {
        check(at, size);
        Area[] areas = areas(size);
        long[] told = at.areas();
        long[] host = new long[areas.length];
        for (int i = 0; i < areas.length; i++) {
            host[i] = areas[i].translate(places, told[i]);
        }
        return new Place(host[0], host[1], host[2]);
    }

    /** Addresses of a ring as descriptors would have them, where a message names them as the front-end has them. */
    VringAddresses inGuest(VringAddresses told, int size, MemoryTable memory) {
        Area[] areas = areas(size);
        long[] at = told.areas();
        for (int i = 0; i < areas.length; i++) {
            long host = areas[i].translate(
                    (address, byteLength, access) -> memory.memory().hostAddressOfUser(address, byteLength), at[i]);
            Region region = memory.regionAt(host).region();
            at[i] = region.guestAddress() + (host - region.hostAddress());
        }
        return new VringAddresses(at[0], at[1], at[2], told.isLogged(), told.log());
    }

    /** Checks what can be known of a ring before it is known where its memory is. */
    void check(VringAddresses at, int size) {
        if (!isValidSize(size)) {
            throw new MessageFault("a ring of " + size + " descriptors");
        }
        Area[] areas = areas(size);
        long[] told = at.areas();
        for (int i = 0; i < areas.length; i++) {
            areas[i].checkAlignment(told[i]);
            if (Long.compareUnsigned(told[i] + (areas[i].byteLength() - 1), told[i]) < 0) {
                throw new MessageFault("a " + areas[i].name() + " that goes past the end of all addresses");
            }
            for (int j = 0; j < i; j++) {
                if (overlap(told[j], areas[j].byteLength(), told[i], areas[i].byteLength())) {
                    throw new MessageFault("the areas of a ring overlap");
                }
            }
        }
    }

    /** Of each area of a ring behind an IOMMU what is not known first; nothing if all of it is known. */
    List<Missing> missing(IoTable table, VringAddresses at, int size) {
        Area[] areas = areas(size);
        long[] told = at.areas();
        List<Missing> missing = new ArrayList<>();
        for (int i = 0; i < areas.length; i++) {
            long first = table.firstMissing(told[i], areas[i].byteLength(), areas[i].access());
            if (first != told[i] + areas[i].byteLength()) {
                missing.add(new Missing(first, areas[i].access()));
            }
        }
        return missing;
    }

    /** Where a ring lies behind an IOMMU: first address and last one of each area. */
    long[] ranges(VringAddresses at, int size) {
        Area[] areas = areas(size);
        long[] told = at.areas();
        long[] ranges = new long[2 * areas.length];
        for (int i = 0; i < areas.length; i++) {
            ranges[2 * i] = told[i];
            ranges[2 * i + 1] = told[i] + areas[i].byteLength() - 1;
        }
        return ranges;
    }

    /** Neither range wraps. */
    private static boolean overlap(long a, long aLength, long b, long bLength) {
        return Long.compareUnsigned(b - a, aLength) < 0 || Long.compareUnsigned(a - b, bLength) < 0;
    }
}
