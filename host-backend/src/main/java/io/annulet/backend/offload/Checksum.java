package io.annulet.backend.offload;

import io.annulet.memory.HostMemory;

/**
 * The Internet checksum, stateless: RFC 1071, "Computing the Internet Checksum".
 *
 * <p>A sum is a {@code long} of 16-bit words as they lie in memory, taken as little-endian, with carries not yet added
 * in. The checksum does not care about byte order as long as it is stored as it was summed, so nothing is swapped but
 * pieces that begin at an odd place of the range that is summed.
 */
public final class Checksum {

    private static final long LOW = 0xffff_ffffL;

    private Checksum() {}

    /** The sum of a range that begins at an even place of what is summed. Up to some gigabytes nothing overflows. */
    public static long sum(long address, int byteLength) {
        long sum = 0;
        long at = address;
        long end32 = address + (byteLength & ~31);
        while (at < end32) {
            long a = HostMemory.loadLong(at);
            long b = HostMemory.loadLong(at + 8);
            long c = HostMemory.loadLong(at + 16);
            long d = HostMemory.loadLong(at + 24);
            sum += (a & LOW) + (a >>> 32) + (b & LOW) + (b >>> 32) + (c & LOW) + (c >>> 32) + (d & LOW) + (d >>> 32);
            at += 32;
        }
        long end8 = address + (byteLength & ~7);
        for (; at < end8; at += 8) {
            long a = HostMemory.loadLong(at);
            sum += (a & LOW) + (a >>> 32);
        }
        return sum + tail(at, byteLength & 7);
    }

    private static long tail(long address, int byteLength) {
        long word = 0;
        for (int i = 0; i < byteLength; i++) {
            word |= (long) HostMemory.loadByte(address + i) << (8 * i);
        }
        return (word & LOW) + (word >>> 32);
    }

    /** A sum of a piece that begins {@code offset} bytes into what is summed. */
    public static long at(long pieceSum, int offset) {
        return (offset & 1) == 0 ? pieceSum : NetworkOrder.swap16(fold(pieceSum));
    }

    /** A number in network order, as it would be summed. */
    static long number(int value) {
        return NetworkOrder.swap16(value);
    }

    /** Adds the carries in: 16 bits. */
    public static int fold(long sum) {
        long folded = (sum & LOW) + (sum >>> 32);
        folded = (folded & 0xffff) + (folded >>> 16 & 0xffff) + (folded >>> 32);
        folded = (folded & 0xffff) + (folded >>> 16);
        return (int) ((folded & 0xffff) + (folded >>> 16));
    }

    /** Stores the checksum over {@code sum}; as Linux does, never 0, which UDP takes for "none". */
    public static void store(long address, long sum) {
        int checksum = ~fold(sum) & 0xffff;
        HostMemory.storeShortUnaligned(address, checksum == 0 ? 0xffff : checksum);
    }

    /** Stores a sum that is to be completed by the receiver: not complemented. */
    static void storePartial(long address, long sum) {
        HostMemory.storeShortUnaligned(address, fold(sum));
    }

    /** What is stored at the place of a checksum, to be added to a sum. */
    static long stored(long address) {
        return HostMemory.loadShortUnaligned(address);
    }
}
