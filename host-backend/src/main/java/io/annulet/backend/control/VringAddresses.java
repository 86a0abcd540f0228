package io.annulet.backend.control;

import io.annulet.memory.GuestMemory;
import io.annulet.vhostuser.MessageLayout;
import io.annulet.vring.SplitRing;

/** Where a ring's three areas are, in the front-end's addresses, as SET_VRING_ADDR gives them. */
record VringAddresses(long descriptor, long available, long used) {

    static VringAddresses read(Message message) {
        return new VringAddresses(
                message.u64(MessageLayout.ADDRESS_DESCRIPTOR),
                message.u64(MessageLayout.ADDRESS_AVAILABLE),
                message.u64(MessageLayout.ADDRESS_USED));
    }

    /**
     * The ring in our address space.
     *
     * @throws MessageFault unless each area lies wholly in one region, aligned, apart from the others
     */
    SplitRing in(GuestMemory memory, int size) {
        long descriptorBytes = SplitRing.descriptorTableBytes(size);
        long availableBytes = SplitRing.availBytes(size);
        long usedBytes = SplitRing.usedBytes(size);
        long descriptorsAt = translate(memory, "descriptor table", descriptor, descriptorBytes, 16);
        long availableAt = translate(memory, "available ring", available, availableBytes, 2);
        long usedAt = translate(memory, "used ring", used, usedBytes, 4);
        if (overlap(descriptor, descriptorBytes, available, availableBytes)
                || overlap(descriptor, descriptorBytes, used, usedBytes)
                || overlap(available, availableBytes, used, usedBytes)) {
            throw new MessageFault("the areas of a ring overlap");
        }
        return new SplitRing(descriptorsAt, availableAt, usedAt, size);
    }

    private static long translate(GuestMemory memory, String area, long userAddress, long byteLength, long alignment) {
        long hostAddress = memory.hostAddressOfUser(userAddress, byteLength);
        if (hostAddress == GuestMemory.UNMAPPED) {
            throw new MessageFault(String.format(
                    "a %s of %d bytes at user address 0x%x, not in one region", area, byteLength, userAddress));
        }
        if (((hostAddress | userAddress) & (alignment - 1)) != 0) {
            throw new MessageFault(
                    String.format("a %s at user address 0x%x, not aligned to %d", area, userAddress, alignment));
        }
        return hostAddress;
    }

    /** Both ranges lie in regions, so neither wraps. */
    private static boolean overlap(long a, long aLength, long b, long bLength) {
        return Long.compareUnsigned(b - a, aLength) < 0 || Long.compareUnsigned(a - b, bLength) < 0;
    }
}
