package io.annulet.backend.offload;

import io.annulet.memory.HostMemory;

/**
 * The Toeplitz hash under one key, as tables; immutable. VIRTIO 1.4, "Network Device, Hash calculation for incoming
 * packets".
 *
 * <p>Each bit of the input that is set adds, without carry, the 32 bits of the key that begin at the bit's position. So what
 * one byte at one position adds is one number, looked up here.
 */
public final class Toeplitz {

    /** The longest key: for the longest input and 32 bits more. */
    public static final int MAX_KEY_BYTES = 40;

    /** The longest input: two IPv6 addresses and two ports. */
    static final int MAX_INPUT_BYTES = 36;

    private static final int VALUES = 256;

    private final byte[] key;
    private final int[] table = new int[MAX_INPUT_BYTES * VALUES];

    /** Under a key that is followed by zeros if it is shorter than the longest one. */
    public Toeplitz(byte[] key) {
        this.key = key.clone();
        int[] windows = new int[MAX_INPUT_BYTES * Byte.SIZE];
        for (int bit = 0; bit < windows.length; bit++) {
            windows[bit] = window(key, bit);
        }
        for (int position = 0; position < MAX_INPUT_BYTES; position++) {
            for (int value = 0; value < VALUES; value++) {
                table[position * VALUES + value] = sum(windows, position, value);
            }
        }
    }

    /** The key as it was given. */
    public byte[] key() {
        return key.clone();
    }

    private static int sum(int[] windows, int position, int value) {
        int sum = 0;
        for (int bit = 0; bit < Byte.SIZE; bit++) {
            if ((value & (0x80 >>> bit)) != 0) {
                sum ^= windows[position * Byte.SIZE + bit];
            }
        }
        return sum;
    }

    /** The 32 bits of the key from a bit on. */
    private static int window(byte[] key, int firstBit) {
        int window = 0;
        for (int bit = firstBit; bit < firstBit + Integer.SIZE; bit++) {
            int at = bit / Byte.SIZE;
            int set = at < key.length ? (key[at] >>> (7 - bit % Byte.SIZE)) & 1 : 0;
            window = (window << 1) | set;
        }
        return window;
    }

    /** What bytes of the input add that begin at a position of it. */
    int hash(long address, int byteLength, int position) {
        int hash = 0;
        for (int i = 0; i < byteLength; i++) {
            hash ^= table[(position + i) * VALUES + HostMemory.loadByte(address + i)];
        }
        return hash;
    }
}
