package io.annulet.linux;

import java.lang.foreign.Arena;

/**
 * AES-256 of libcrypto: in Galois/counter mode, and single blocks for deriving keys. Used by one thread. Addresses are of
 * memory that no peer can reach: see {@link Libcrypto}. Once made it allocates nothing.
 */
public final class LibcryptoAes implements AutoCloseable {
    private static final int BLOCK_BYTE_LENGTH = 16;

    private final Arena arena = Arena.ofShared();
    private final long outLength = arena.allocate(16, 16).address();
    private final long gcm = Libcrypto.fetchCipher("AES-256-GCM");
    private final long ecb = Libcrypto.fetchCipher("AES-256-ECB");
    private final long gcmContext = Libcrypto.newContext();
    private final long ecbContext = Libcrypto.newContext();
    private boolean open = true;

    /** Whether this machine has libcrypto 3; without it do not make one. */
    public static boolean isAvailable() {
        return Libcrypto.isAvailable();
    }

    public LibcryptoAes() {
        Libcrypto.init(gcmContext, gcm, 0, 0, true);
    }

    /** Sets the 32-byte key of {@link #encryptBlocks}. */
    public void blockKey(long keyAddress) {
        Libcrypto.init(ecbContext, ecb, keyAddress, 0, true);
        Libcrypto.withoutPadding(ecbContext);
    }

    /** Encrypts {@code count} blocks of 16 bytes, each by itself. */
    public void encryptBlocks(long from, long to, int count) {
        Libcrypto.update(ecbContext, to, outLength, from, count * BLOCK_BYTE_LENGTH);
    }

    /** Sets the 32-byte key of {@link #start} for those who go on with one key. */
    public void key(long keyAddress) {
        Libcrypto.init(gcmContext, 0, keyAddress, 0, true);
    }

    /**
     * Begins a message, with the key of {@link #key} if {@code keyAddress} is 0.
     *
     * @param nonceAddress 12 bytes
     */
    public void start(boolean seal, long keyAddress, long nonceAddress, long associated, int associatedByteLength) {
        Libcrypto.init(gcmContext, 0, keyAddress, nonceAddress, seal);
        if (associatedByteLength > 0) {
            Libcrypto.update(gcmContext, 0, outLength, associated, associatedByteLength);
        }
    }

    /** Encrypts or decrypts the next bytes of the message. What was decrypted counts only once {@link #isWhole} says so. */
    public void update(long from, long to, int byteLength) {
        Libcrypto.update(gcmContext, to, outLength, from, byteLength);
    }

    /** Ends a message that was sealed, and stores its tag of 16 bytes. */
    public void tag(long tagAddress) {
        if (!Libcrypto.finish(gcmContext, tagAddress, outLength)) {
            throw new IllegalStateException("libcrypto could not end a message");
        }
        Libcrypto.control(gcmContext, Libcrypto.GET_TAG, Libcrypto.TAG_BYTE_LENGTH, tagAddress);
    }

    /** Ends a message that was opened, and tells whether the tag of 16 bytes fits it. */
    public boolean isWhole(long tagAddress) {
        Libcrypto.control(gcmContext, Libcrypto.SET_TAG, Libcrypto.TAG_BYTE_LENGTH, tagAddress);
        return Libcrypto.finish(gcmContext, outLength, outLength);
    }

    /** Frees the contexts, which libcrypto overwrites first. */
    @Override
    public void close() {
        if (open) {
            open = false;
            Libcrypto.freeContext(gcmContext);
            Libcrypto.freeContext(ecbContext);
            arena.close();
        }
    }
}
