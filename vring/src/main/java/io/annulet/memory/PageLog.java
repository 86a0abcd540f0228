package io.annulet.memory;

/**
 * The log of guest pages that a device writes while its guest moves to another machine: a bit for each page of 4 KiB from
 * guest address 0 on, in memory shared with the front-end. Used by whoever works the queue it belongs to; the bits
 * themselves are set atomically, since other queues set others and the front-end takes them away. From vhost-user, QEMU 10,
 * "Migration".
 *
 * <p>A page is logged after it was written: a front-end that takes the bit before gets it once more.
 */
public final class PageLog {

    private static final int PAGE_BITS = 12;

    private final long address;
    private final long pages;
    private final GuestMemory memory;
    private int lastRegion;

    /**
     * @param address of the log, a multiple of 8
     * @param byteLength a multiple of 8; what lies behind the pages that it has bits for is not logged
     * @param memory in which the device writes
     */
    public PageLog(long address, long byteLength, GuestMemory memory) {
        this.address = address;
        this.pages = byteLength * Byte.SIZE;
        this.memory = memory;
    }

    /** Bytes at a host address inside of a region were written. */
    public void wrote(long hostAddress, long byteLength) {
        if (byteLength > 0) {
            Region region = regionOf(hostAddress);
            wroteGuest(region.guestAddress() + (hostAddress - region.hostAddress()), byteLength);
        }
    }

    private Region regionOf(long hostAddress) {
        int count = memory.regionCount();
        for (int i = 0; i < count; i++) {
            int at = lastRegion + i < count ? lastRegion + i : lastRegion + i - count;
            Region region = memory.region(at);
            if (Long.compareUnsigned(hostAddress - region.hostAddress(), region.byteLength()) < 0) {
                lastRegion = at;
                return region;
            }
        }
        throw new IllegalArgumentException("a write outside of guest memory");
    }

    /** Likewise at a guest address, or one that stands for the ring's own memory. */
    public void wroteGuest(long guestAddress, long byteLength) {
        long last = (guestAddress + byteLength - 1) >>> PAGE_BITS;
        for (long page = guestAddress >>> PAGE_BITS; page <= last && page < pages; page++) {
            // Words of 64 bits: as bits are numbered, those of the bytes in a word follow each other.
            HostMemory.orLong(address + (page >>> 6) * Long.BYTES, 1L << page);
        }
    }
}
