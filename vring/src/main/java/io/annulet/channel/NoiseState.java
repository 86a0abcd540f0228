package io.annulet.channel;

import java.nio.ByteBuffer;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.util.Arrays;
import javax.crypto.AEADBadTagException;
import javax.crypto.Cipher;
import javax.crypto.spec.GCMParameterSpec;
import javax.crypto.spec.SecretKeySpec;

/**
 * The symmetric state of a Noise handshake (The Noise Protocol Framework, revision 34, "The SymmetricState object") with
 * AES-256-GCM and SHA-256; used by one thread.
 */
final class NoiseState {
    static final int TAG_BYTES = 16;

    private static final String HASH = "SHA-256";
    private static final int NONCE_BYTES = 12;

    private byte[] chainingKey;
    private byte[] hash;
    private byte[] key = {};
    private long nonce;

    NoiseState(byte[] protocolName, byte[] prologue) {
        hash = protocolName.length <= Hkdf.HASH_BYTES
                ? Arrays.copyOf(protocolName, Hkdf.HASH_BYTES)
                : digest(protocolName, new byte[0]);
        chainingKey = hash.clone();
        mixHash(prologue);
    }

    void mixHash(byte[] data) {
        hash = digest(hash, data);
    }

    void mixKey(byte[] material) {
        byte[][] outputs = Hkdf.noise(chainingKey, material, 2);
        chainingKey = replace(chainingKey, outputs[0]);
        useKey(outputs[1]);
    }

    void mixKeyAndHash(byte[] material) {
        byte[][] outputs = Hkdf.noise(chainingKey, material, 3);
        chainingKey = replace(chainingKey, outputs[0]);
        mixHash(outputs[1]);
        useKey(outputs[2]);
    }

    private void useKey(byte[] next) {
        key = replace(key, next);
        nonce = 0;
    }

    boolean hasKey() {
        return key.length > 0;
    }

    byte[] encryptAndHash(byte[] plain) {
        byte[] sealed;
        try {
            sealed = hasKey() ? cipher(Cipher.ENCRYPT_MODE).doFinal(plain) : plain;
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("AES-GCM does not seal", e);
        }
        mixHash(sealed);
        return sealed;
    }

    byte[] decryptAndHash(byte[] sealed) throws HandshakeFailure {
        byte[] plain;
        try {
            plain = hasKey() ? cipher(Cipher.DECRYPT_MODE).doFinal(sealed) : sealed;
        } catch (AEADBadTagException e) {
            throw new HandshakeFailure("a handshake message was altered, or is for other keys or another secret");
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("AES-GCM does not open", e);
        }
        mixHash(sealed);
        return plain;
    }

    private Cipher cipher(int mode) throws GeneralSecurityException {
        byte[] iv = ByteBuffer.allocate(NONCE_BYTES).putInt(0).putLong(nonce++).array();
        Cipher cipher = Cipher.getInstance("AES/GCM/NoPadding");
        cipher.init(mode, new SecretKeySpec(key, "AES"), new GCMParameterSpec(8 * TAG_BYTES, iv));
        cipher.updateAAD(hash);
        return cipher;
    }

    /** The keys of both directions, the initiator's first. The state is overwritten. */
    byte[][] split() {
        byte[][] keys = Hkdf.noise(chainingKey, new byte[0], 2);
        chainingKey = replace(chainingKey, new byte[0]);
        key = replace(key, new byte[0]);
        return keys;
    }

    /** What both ends have seen, as 32 bytes: no two handshakes have the same. */
    byte[] handshakeHash() {
        return hash.clone();
    }

    private static byte[] replace(byte[] old, byte[] next) {
        Arrays.fill(old, (byte) 0);
        return next;
    }

    private static byte[] digest(byte[] first, byte[] second) {
        try {
            MessageDigest digest = MessageDigest.getInstance(HASH);
            digest.update(first);
            return digest.digest(second);
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("this JDK has no " + HASH, e);
        }
    }
}
