package io.annulet.channel;

import java.security.GeneralSecurityException;
import java.util.Arrays;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/** HMAC-SHA-256 and the derivations made of it, by the JDK; stateless. */
final class Hkdf {
    static final int HASH_BYTES = 32;

    private static final String HMAC = "HmacSHA256";

    private Hkdf() {}

    /** The Noise Protocol Framework, "Hash functions", HKDF: {@code count} outputs of 32 bytes, 2 or 3. */
    static byte[][] noise(byte[] chainingKey, byte[] material, int count) {
        byte[] temporary = hmac(chainingKey, material);
        byte[][] outputs = new byte[count][];
        byte[] previous = {};
        for (int i = 0; i < count; i++) {
            previous = hmac(temporary, concat(previous, new byte[] {(byte) (i + 1)}));
            outputs[i] = previous;
        }
        Arrays.fill(temporary, (byte) 0);
        return outputs;
    }

    /** RFC 5869: extract from {@code material} with {@code salt}, and expand to one block for {@code purpose}. */
    static byte[] one(byte[] material, byte[] salt, byte[] purpose) {
        byte[] extracted = hmac(salt, material);
        byte[] output = hmac(extracted, concat(purpose, new byte[] {1}));
        Arrays.fill(extracted, (byte) 0);
        return output;
    }

    static byte[] hmac(byte[] key, byte[] data) {
        try {
            Mac mac = Mac.getInstance(HMAC);
            // The JDK takes no empty key; one byte of zero is padded to the same block.
            mac.init(new SecretKeySpec(key.length == 0 ? new byte[1] : key, HMAC));
            return mac.doFinal(data);
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("this JDK has no " + HMAC, e);
        }
    }

    static byte[] concat(byte[] first, byte[] second) {
        byte[] both = Arrays.copyOf(first, first.length + second.length);
        System.arraycopy(second, 0, both, first.length, second.length);
        return both;
    }
}
