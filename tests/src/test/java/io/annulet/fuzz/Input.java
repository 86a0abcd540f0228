package io.annulet.fuzz;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.util.Arrays;

/**
 * The bytes that decide what one try does; owned by the thread that runs it, and used again for the next.
 *
 * <p>A target asks for choices, and each takes the next one or two bytes. Generated inputs grow as they are read, so
 * that what is kept of one is exactly what was used; those that are replayed read zeros behind their end.
 */
public final class Input {

    private static final int MAX_BYTES = 8192;
    private static final VarHandle WORDS = MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);

    private final byte[] bytes = new byte[MAX_BYTES + 8];
    private int length;
    private int at;
    private boolean grows;
    private long state;

    /** Exactly these bytes. */
    public Input replay(byte[] recorded) {
        length = Math.min(recorded.length, MAX_BYTES);
        System.arraycopy(recorded, 0, bytes, 0, length);
        at = 0;
        grows = false;
        return this;
    }

    /** Bytes that follow from a seed. */
    Input generate(long seed) {
        length = 0;
        at = 0;
        state = seed;
        grows = true;
        return this;
    }

    /** Bytes of an earlier input with a few changes; what it reads beyond them follows from the seed. */
    Input mutate(byte[] parent, long seed) {
        replay(parent);
        state = seed;
        grows = true;
        long word = nextWord();
        for (int changes = 1 + (int) (word & 3); changes > 0 && length > 0; changes--) {
            word = nextWord();
            int place = (int) ((word >>> 33) % length);
            switch ((int) word & 3) {
                case 0 -> bytes[place] ^= (byte) (1 << (word >>> 8 & 7));
                case 1 -> bytes[place] = (byte) (word >>> 8);
                case 2 -> bytes[place] += (byte) ((word >>> 8 & 15) - 8);
                default -> length = (word >>> 8 & 7) == 0 ? place : length;
            }
        }
        return this;
    }

    /** What was read of it. */
    byte[] used() {
        return Arrays.copyOf(bytes, at);
    }

    int usedByteLength() {
        return at;
    }

    /** SplitMix64. */
    private long nextWord() {
        state += 0x9e3779b97f4a7c15L;
        return mix(state);
    }

    static long mix(long value) {
        long z = (value ^ (value >>> 30)) * 0xbf58476d1ce4e5b9L;
        z = (z ^ (z >>> 27)) * 0x94d049bb133111ebL;
        return z ^ (z >>> 31);
    }

    private boolean grow() {
        if (!grows || length >= MAX_BYTES) {
            return false;
        }
        WORDS.set(bytes, length, nextWord());
        length += 8;
        return true;
    }

    /** 0 to 255. */
    public int octet() {
        if (at >= length && !grow()) {
            return 0;
        }
        return bytes[at++] & 0xff;
    }

    /** 0 to 65,535. */
    public int pair() {
        return octet() | octet() << 8;
    }

    /** 64 bits. */
    public long word() {
        long low = pair() | (long) pair() << 16;
        return low | (long) pair() << 32 | (long) pair() << 48;
    }

    /** 0 to {@code bound} - 1; {@code bound} is at most 65,536. */
    public int below(int bound) {
        return bound <= 256 ? (octet() * bound) >>> 8 : (int) (((long) pair() * bound) >>> 16);
    }

    /** True about once in {@code n} times, at most 256. */
    public boolean oneIn(int n) {
        return below(n) == n - 1;
    }
}
