package io.annulet.channel;

import io.annulet.linux.LibcryptoAes;

/** By libcrypto; used by one thread. Allocates nothing. */
final class NativeAead extends Aead {
    private final LibcryptoAes aes = new LibcryptoAes();

    NativeAead(long scratch) {
        super(scratch);
    }

    @Override
    void blockKey(long keyAddress) {
        aes.blockKey(keyAddress);
    }

    @Override
    void encryptBlocks(long from, long to, int count) {
        aes.encryptBlocks(from, to, count);
    }

    @Override
    void start(long key, long iv, long associated, int associatedByteLength) {
        aes.start(true, key, iv, associated, associatedByteLength);
    }

    @Override
    void seal(long head, int headByteLength, long body, int bodyByteLength, long to) {
        if (headByteLength > 0) {
            aes.update(head, to, headByteLength);
        }
        if (bodyByteLength > 0) {
            aes.update(body, to + headByteLength, bodyByteLength);
        }
        aes.tag(to + headByteLength + bodyByteLength);
    }

    @Override
    boolean open(long key, long iv, long associated, int associatedByteLength, long from, int byteLength, long to) {
        aes.start(false, key, iv, associated, associatedByteLength);
        aes.update(from, to, byteLength);
        return aes.isWhole(from + byteLength);
    }

    @Override
    public void close() {
        super.close();
        aes.close();
    }
}
