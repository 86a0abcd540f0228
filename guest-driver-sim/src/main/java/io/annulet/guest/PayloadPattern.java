package io.annulet.guest;

import io.annulet.memory.HostMemory;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.SplittableRandom;

/**
 * Payload bytes that follow from a frame's identity, stateless: words counted up from a base that no two frames share, then
 * a piece of one long random block that starts where the base says. The block makes long payloads as fast to write and
 * to compare as memory is.
 *
 * <pre>
 * 0        8            64
 * | base   | base + 1 ...| block[offset(base) ...]
 * </pre>
 */
public final class PayloadPattern {

    private static final int COUNTED_WORDS = 8;
    private static final int COUNTED_BYTES = 8 * COUNTED_WORDS;
    private static final int OFFSET_BITS = 11;
    private static final int MAX_OFFSET_BYTES = 8 << OFFSET_BITS;
    private static final int BLOCK_BYTES = MAX_OFFSET_BYTES + QueueOptions.BIG_BUFFER_BYTES;
    private static final long BLOCK = HostMemory.addressOf(randomBlock());

    private PayloadPattern() {}

    private static MemorySegment randomBlock() {
        MemorySegment block = Arena.global().allocate(BLOCK_BYTES, 64);
        SplittableRandom random = new SplittableRandom(0x88b5);
        for (long at = 0; at + 8 <= BLOCK_BYTES; at += 8) {
            HostMemory.storeLong(block.address() + at, random.nextLong());
        }
        return block;
    }

    /** The base of a frame: a frame cut or padded on its way has another one than it left with. */
    public static long base(int flow, long sequence, int frameByteLength) {
        return sequence * 0x9e3779b97f4a7c15L + flow * 0xc2b2ae3d27d4eb4fL + frameByteLength * 0x165667b19e3779f9L;
    }

    private static long blockAddress(long base) {
        return BLOCK + 8 * (base >>> (64 - OFFSET_BITS));
    }

    /** Byte {@code at} of the counted words, where they end inside of a word. */
    private static int countedByte(long base, int at) {
        return (int) ((base + (at >> 3)) >>> (8 * (at & 7))) & 0xff;
    }

    /** Writes the payload that follows from a base. */
    public static void write(long address, int byteLength, long base) {
        int counted = Math.min(byteLength, COUNTED_BYTES);
        writeWords(address, counted >> 3, base);
        for (int i = counted & ~7; i < counted; i++) {
            HostMemory.storeByte(address + i, countedByte(base, i));
        }
        if (byteLength > COUNTED_BYTES) {
            HostMemory.copy(blockAddress(base), address + COUNTED_BYTES, byteLength - COUNTED_BYTES);
        }
    }

    /** Without a loop: for so few words its set-up costs more than they do. */
    @SuppressWarnings("fallthrough")
    private static void writeWords(long address, int words, long base) {
        switch (words) {
            case 8:
                HostMemory.storeLong(address + 56, base + 7);
            case 7:
                HostMemory.storeLong(address + 48, base + 6);
            case 6:
                HostMemory.storeLong(address + 40, base + 5);
            case 5:
                HostMemory.storeLong(address + 32, base + 4);
            case 4:
                HostMemory.storeLong(address + 24, base + 3);
            case 3:
                HostMemory.storeLong(address + 16, base + 2);
            case 2:
                HostMemory.storeLong(address + 8, base + 1);
            case 1:
                HostMemory.storeLong(address, base);
            default:
        }
    }

    /** Whether it is the payload that follows from a base. */
    public static boolean matches(long address, int byteLength, long base) {
        int counted = Math.min(byteLength, COUNTED_BYTES);
        long difference = differenceOfWords(address, counted >> 3, base);
        for (int i = counted & ~7; i < counted; i++) {
            difference |= HostMemory.loadByte(address + i) ^ countedByte(base, i);
        }
        return difference == 0
                && (byteLength <= COUNTED_BYTES
                        || HostMemory.same(blockAddress(base), address + COUNTED_BYTES, byteLength - COUNTED_BYTES));
    }

    @SuppressWarnings("fallthrough")
    private static long differenceOfWords(long address, int words, long base) {
        long difference = 0;
        switch (words) {
            case 8:
                difference = HostMemory.loadLong(address + 56) ^ (base + 7);
            case 7:
                difference |= HostMemory.loadLong(address + 48) ^ (base + 6);
            case 6:
                difference |= HostMemory.loadLong(address + 40) ^ (base + 5);
            case 5:
                difference |= HostMemory.loadLong(address + 32) ^ (base + 4);
            case 4:
                difference |= HostMemory.loadLong(address + 24) ^ (base + 3);
            case 3:
                difference |= HostMemory.loadLong(address + 16) ^ (base + 2);
            case 2:
                difference |= HostMemory.loadLong(address + 8) ^ (base + 1);
            case 1:
                difference |= HostMemory.loadLong(address) ^ base;
            default:
        }
        return difference;
    }
}
