package io.annulet.guest.traffic;

import io.annulet.memory.HostMemory;

/** The ones' complement sum of RFC 1071, stateless; of words as they lie in memory, so results are stored as they are. */
final class InternetChecksum {

    private static final long LOW_32_BITS = 0xffff_ffffL;

    private InternetChecksum() {}

    /** Adds the bytes at an address, an odd last one as if a zero followed; not folded. */
    static long add(long sum, long address, int byteLength) {
        long total = sum;
        int i = 0;
        for (; i + 8 <= byteLength; i += 8) {
            long word = HostMemory.loadLong(address + i);
            total += (word & LOW_32_BITS) + (word >>> 32);
        }
        for (; i + 2 <= byteLength; i += 2) {
            total += HostMemory.loadShortUnaligned(address + i);
        }
        return i < byteLength ? total + HostMemory.loadByte(address + i) : total;
    }

    /** The sum in 16 bits. */
    static int fold(long sum) {
        long once = (sum & 0xffff) + (sum >>> 16 & 0xffff) + (sum >>> 32 & 0xffff) + (sum >>> 48);
        long twice = (once & 0xffff) + (once >>> 16);
        return (int) ((twice & 0xffff) + (twice >>> 16));
    }
}
