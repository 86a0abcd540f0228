package io.annulet.memory;

/**
 * Guest addresses to host addresses with the region that served last kept at hand; owned by the worker of the queue it
 * serves.
 */
public final class Translator {

    private GuestMemory memory;
    private long baseGuestAddress;
    private long baseHostAddress;
    private long baseByteLength;

    public Translator(GuestMemory memory) {
        this.memory = memory;
    }

    /** Goes by another table from now on. */
    public void goBy(GuestMemory other) {
        memory = other;
        baseByteLength = 0;
    }

    /**
     * The host address of {@code byteLength} (1 to 2^32 - 1) bytes at a guest address, or {@link GuestMemory#UNMAPPED}
     * if they do not lie in one region.
     */
    public long translate(long guestAddress, long byteLength) {
        long offset = guestAddress - baseGuestAddress;
        // offset is compared as unsigned; with byteLength below 2^32 the difference cannot go under -2^32.
        if (offset >= 0 && offset <= baseByteLength - byteLength) {
            return baseHostAddress + offset;
        }
        return miss(guestAddress, byteLength);
    }

    /** Likewise, but only if they lie in the region that served last: reads fields of this object and nothing else. */
    public long atHand(long guestAddress, long byteLength) {
        long offset = guestAddress - baseGuestAddress;
        return offset >= 0 && offset <= baseByteLength - byteLength ? baseHostAddress + offset : GuestMemory.UNMAPPED;
    }

    private long miss(long guestAddress, long byteLength) {
        return reach(guestAddress) >= byteLength
                ? baseHostAddress + (guestAddress - baseGuestAddress)
                : GuestMemory.UNMAPPED;
    }

    /**
     * How many bytes are mapped in one piece from a guest address on: 0 if none. Makes that region the one at hand, so what
     * may not be both read and written does not count.
     */
    public long reach(long guestAddress) {
        int i = memory.regionAt(guestAddress);
        if (i < 0 || !memory.allows(i, Access.READ_WRITE)) {
            return 0;
        }
        Region region = memory.region(i);
        baseGuestAddress = region.guestAddress();
        baseHostAddress = region.hostAddress();
        baseByteLength = region.byteLength();
        return region.byteLength() - (guestAddress - region.guestAddress());
    }

    /** How many bytes may be used so in one piece from a guest address on: 0 if none. The region at hand stays. */
    public long reach(long guestAddress, int access) {
        int i = memory.regionAt(guestAddress);
        if (i < 0 || !memory.allows(i, access)) {
            return 0;
        }
        Region region = memory.region(i);
        return region.byteLength() - (guestAddress - region.guestAddress());
    }

    /** The host address of so many bytes that may be used so in one piece, or {@link GuestMemory#UNMAPPED}. */
    public long translate(long guestAddress, long byteLength, int access) {
        return reach(guestAddress, access) >= byteLength
                ? memory.hostAddressOfGuest(guestAddress, byteLength)
                : GuestMemory.UNMAPPED;
    }

    /** Whether an address that is not mapped now may be so later: {@link GuestMemory#isPartial}. */
    public boolean isPartial() {
        return memory.isPartial();
    }
}
