package io.annulet.fuzz;

import io.annulet.memory.HostMemory;

/** Descriptors and indirect tables as a hostile driver writes them; stateless but for the world that it writes to. */
final class HostileDescriptors {

    static final int NEXT = 1;
    static final int WRITE = 2;
    static final int INDIRECT = 4;

    /** Where tables lie: in the open, across the border of two regions, and at an odd address among the rings. */
    private static final int TABLES = 3;

    private static final int MOST_ENTRIES = 6;

    private final GuestWorld world;
    private final long[] tables = new long[TABLES];

    HostileDescriptors(GuestWorld world) {
        this.world = world;
        tables[0] = world.guestAddress(0);
        tables[1] = world.guestAddress(1) - 24;
        tables[2] = world.guestAddress(GuestWorld.RINGS) + 3001;
    }

    /** Writes some entries of the tables. */
    void writeTables(Input input, boolean packed) {
        for (long table : tables) {
            int entries = input.below(MOST_ENTRIES + 1);
            for (int i = 0; i < entries; i++) {
                int kind = input.octet();
                int next = kind < 224 ? i + 1 : input.pair();
                store(table + 16L * i, world.address(input));
                store(table + 16L * i + 8, detail(input, kind, next, i + 1 < entries, packed, 0));
            }
        }
    }

    private void store(long guestAddress, long word) {
        for (int i = 0; i < 8; i++) {
            int region = world.regionOf(guestAddress + i);
            HostMemory.storeByte(world.hostAddress(region) + (guestAddress + i - world.guestAddress(region)), (int)
                    (word >>> (8 * i)));
        }
    }

    /** Writes one descriptor of a ring: two words at a host address. */
    void writeDescriptor(Input input, long hostAddress, int next, boolean packed, int packedFlags) {
        int kind = input.octet();
        if (kind >= 192) {
            int table = kind % TABLES;
            long bytes = 16L * (1 + input.below(MOST_ENTRIES));
            int wrong = input.octet();
            bytes = wrong < 240 ? bytes : wrong < 248 ? bytes + wrong : GuestWorld.byteLength(input);
            int flags = INDIRECT | (wrong == 100 ? NEXT : 0) | (wrong == 101 ? WRITE : 0);
            long address = wrong == 102 ? world.address(input) : tables[table];
            HostMemory.storeLong(hostAddress, address);
            HostMemory.storeLong(hostAddress + 8, word(bytes, flags, next, packed, packedFlags));
            return;
        }
        HostMemory.storeLong(hostAddress, world.address(input));
        HostMemory.storeLong(hostAddress + 8, detail(input, kind, next, (kind & 3) == 0, packed, packedFlags));
    }

    private static long detail(Input input, int kind, int next, boolean goesOn, boolean packed, int packedFlags) {
        int flags = (goesOn ? NEXT : 0) | ((kind & 12) == 0 ? WRITE : 0) | (kind == 77 ? INDIRECT : 0);
        flags |= kind == 78 ? input.octet() & 0x78 : 0;
        return word(GuestWorld.byteLength(input), flags, next, packed, packedFlags);
    }

    /** In a packed ring the flags come last, and what is next here is the buffer id there. */
    private static long word(long byteLength, int flags, int next, boolean packed, int packedFlags) {
        return (byteLength & 0xffff_ffffL)
                | (packed
                        ? (long) next << 32 | (long) (flags | packedFlags) << 48
                        : (long) flags << 32 | (long) next << 48);
    }
}
