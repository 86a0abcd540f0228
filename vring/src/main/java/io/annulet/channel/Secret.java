package io.annulet.channel;

import java.util.Arrays;

/** 32 bytes that only both ends know; its owner overwrites it when it has been used. Not for several threads. */
public final class Secret {
    private final byte[] bytes;

    /** Takes the array over. */
    public Secret(byte[] bytes) {
        if (bytes.length != Aead.KEY_BYTES) {
            throw new IllegalArgumentException("a secret has 32 bytes, not " + bytes.length);
        }
        this.bytes = bytes;
    }

    byte[] bytes() {
        return bytes;
    }

    void forget() {
        Arrays.fill(bytes, (byte) 0);
    }
}
