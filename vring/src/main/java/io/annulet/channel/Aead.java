package io.annulet.channel;

import io.annulet.linux.LibcryptoAes;
import io.annulet.memory.HostMemory;

/**
 * XAES-256-GCM (c2sp.org/XAES-256-GCM): AES-256-GCM under a key that is derived anew for each 192-bit nonce. Used by one
 * thread, on private memory only. The ciphers themselves are a library's: see {@code open}.
 *
 * <p>The long nonce has room for randomness as well as for a counter, and that is what survives a machine being copied:
 * docs/design/0019 has the whole of it.
 */
abstract sealed class Aead implements AutoCloseable permits NativeAead, JdkAead {

    static final int KEY_BYTES = 32;
    static final int NONCE_BYTES = 24;
    static final int TAG_BYTES = 16;

    private static final int DERIVING_BYTES = 12;
    private static final int BLOCK_BYTES = 16;

    /** "\0 number X \0", as a little-endian word: the first four bytes of what a key is derived from. */
    private static final long FIRST_HALF = 0x0058_0100L;

    private static final long SECOND_HALF = 0x0058_0200L;
    private static final long LOW_HALF = 0xffff_ffffL;

    /** Blocks to encrypt, and the derived key behind them. */
    private final long blocks;

    private final long derived;
    private long k1First;
    private long k1Second;

    /** @param scratch {@link #SCRATCH_BYTES} of private memory */
    Aead(long scratch) {
        this.blocks = scratch;
        this.derived = scratch + 2 * BLOCK_BYTES;
    }

    static final int SCRATCH_BYTES = 2 * BLOCK_BYTES + KEY_BYTES;

    /** The fastest there is: libcrypto, or else what the JDK has. */
    static Aead open(long scratch) {
        return LibcryptoAes.isAvailable() ? new NativeAead(scratch) : new JdkAead(scratch);
    }

    /** Sets the key, and with it the first step of deriving, which is the same for all nonces. */
    final void key(long keyAddress) {
        blockKey(keyAddress);
        HostMemory.storeLong(blocks, 0);
        HostMemory.storeLong(blocks + 8, 0);
        encryptBlocks(blocks, derived, 1);
        long high = Long.reverseBytes(HostMemory.loadLong(derived));
        long low = Long.reverseBytes(HostMemory.loadLong(derived + 8));
        // The constant is that of CMAC's doubling in GF(2^128); without a branch on the secret.
        k1First = Long.reverseBytes(high << 1 | low >>> 63);
        k1Second = Long.reverseBytes(low << 1 ^ (high >> 63 & 0x87));
        HostMemory.zero(derived, BLOCK_BYTES);
    }

    private void derive(long nonceAddress) {
        long nonceFirst = HostMemory.loadLong(nonceAddress);
        long rest = (nonceFirst >>> 32 | HostMemory.loadLong(nonceAddress + 8) << 32) ^ k1Second;
        long first = (nonceFirst & LOW_HALF) << 32 ^ k1First;
        HostMemory.storeLong(blocks, first ^ FIRST_HALF);
        HostMemory.storeLong(blocks + 8, rest);
        HostMemory.storeLong(blocks + 16, first ^ SECOND_HALF);
        HostMemory.storeLong(blocks + 24, rest);
        encryptBlocks(blocks, derived, 2);
    }

    /** Seals a head and a body as one text, into as many bytes and a tag at {@code to}, where neither of them is. */
    final void seal(
            long nonceAddress,
            long associated,
            int associatedByteLength,
            long head,
            int headByteLength,
            long body,
            int bodyByteLength,
            long to) {
        derive(nonceAddress);
        start(derived, nonceAddress + DERIVING_BYTES, associated, associatedByteLength);
        seal(head, headByteLength, body, bodyByteLength, to);
    }

    /**
     * Opens {@code byteLength} bytes and the tag behind them.
     *
     * @return whether they are what was sealed; if not, what is at {@code to} is zeros
     */
    final boolean open(
            long nonceAddress, long associated, int associatedByteLength, long from, int byteLength, long to) {
        derive(nonceAddress);
        boolean isWhole =
                open(derived, nonceAddress + DERIVING_BYTES, associated, associatedByteLength, from, byteLength, to);
        if (!isWhole) {
            HostMemory.zero(to, byteLength);
        }
        return isWhole;
    }

    /** Overwrites what it knows of keys, as far as that is ours. */
    @Override
    public void close() {
        HostMemory.zero(blocks, SCRATCH_BYTES);
        k1First = 0;
        k1Second = 0;
    }

    abstract void blockKey(long keyAddress);

    abstract void encryptBlocks(long from, long to, int count);

    /** Plain AES-256-GCM, with a key that was derived. */
    abstract void start(long key, long iv, long associated, int associatedByteLength);

    abstract void seal(long head, int headByteLength, long body, int bodyByteLength, long to);

    abstract boolean open(
            long key, long iv, long associated, int associatedByteLength, long from, int byteLength, long to);
}
