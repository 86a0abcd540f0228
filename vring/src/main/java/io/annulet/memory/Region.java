package io.annulet.memory;

/**
 * One entry of a memory table: {@code byteLength} bytes that the guest calls {@code guestAddress}, the front-end
 * {@code userAddress} and this process {@code hostAddress}. None of the three ranges wraps.
 *
 * @param guestAddress where descriptors point (guest physical address)
 * @param userAddress where the front-end's messages point (its own virtual address)
 * @param byteLength more than 0
 * @param hostAddress where this process has it mapped
 */
public record Region(long guestAddress, long userAddress, long byteLength, long hostAddress) {

    public Region {
        check("guest", guestAddress, byteLength);
        check("user", userAddress, byteLength);
        check("host", hostAddress, byteLength);
    }

    private static void check(String kind, long address, long byteLength) {
        if (byteLength <= 0) {
            throw new IllegalArgumentException("a region of " + byteLength + " bytes");
        }
        // The last byte, not the first one behind it: a region may end exactly at 2^64.
        if (Long.compareUnsigned(address + (byteLength - 1), address) < 0) {
            throw new IllegalArgumentException("the " + kind + " address range of a region wraps");
        }
    }

    /** Whether {@code byteLength} bytes (more than 0) at guest address {@code address} lie wholly inside. */
    boolean containsGuest(long address, long length) {
        return contains(guestAddress, address, length);
    }

    boolean containsUser(long address, long length) {
        return contains(userAddress, address, length);
    }

    private boolean contains(long base, long address, long length) {
        long offset = address - base;
        return Long.compareUnsigned(offset, byteLength) < 0 && Long.compareUnsigned(length, byteLength - offset) <= 0;
    }

    boolean overlapsGuest(Region other) {
        return overlaps(guestAddress, byteLength, other.guestAddress, other.byteLength);
    }

    boolean overlapsUser(Region other) {
        return overlaps(userAddress, byteLength, other.userAddress, other.byteLength);
    }

    private static boolean overlaps(long a, long aLength, long b, long bLength) {
        return Long.compareUnsigned(b - a, aLength) < 0 || Long.compareUnsigned(a - b, bLength) < 0;
    }
}
