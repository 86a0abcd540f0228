package io.annulet.channel;

import java.math.BigInteger;
import java.security.GeneralSecurityException;
import java.security.InvalidKeyException;
import java.security.KeyFactory;
import java.security.SecureRandom;
import java.security.spec.NamedParameterSpec;
import java.security.spec.XECPrivateKeySpec;
import java.security.spec.XECPublicKeySpec;
import javax.crypto.KeyAgreement;

/** X25519 of RFC 7748, by the JDK, with keys as the 32 bytes that the RFC has; stateless. */
final class X25519 {
    static final int KEY_BYTES = 32;

    private static final String NAME = "X25519";
    private static final BigInteger BASE_POINT = BigInteger.valueOf(9);

    private X25519() {}

    static byte[] newPrivateKey(SecureRandom random) {
        byte[] key = new byte[KEY_BYTES];
        random.nextBytes(key);
        return key;
    }

    static byte[] publicKey(byte[] privateKey) {
        try {
            return agree(privateKey, BASE_POINT);
        } catch (InvalidKeyException e) {
            throw new IllegalStateException("the base point is refused", e);
        }
    }

    /**
     * The shared secret.
     *
     * @throws InvalidKeyException if the public key is one of the few that lead to the same secret whatever the private key
     */
    static byte[] agree(byte[] privateKey, byte[] publicKey) throws InvalidKeyException {
        byte[] bigEndian = new byte[KEY_BYTES];
        for (int i = 0; i < KEY_BYTES; i++) {
            bigEndian[i] = publicKey[KEY_BYTES - 1 - i];
        }
        // RFC 7748, "The X25519 and X448 Functions": the top bit of the last byte is ignored.
        bigEndian[0] &= 0x7f;
        return agree(privateKey, new BigInteger(1, bigEndian));
    }

    private static byte[] agree(byte[] privateKey, BigInteger u) throws InvalidKeyException {
        try {
            KeyFactory keys = KeyFactory.getInstance(NAME);
            KeyAgreement agreement = KeyAgreement.getInstance(NAME);
            agreement.init(keys.generatePrivate(new XECPrivateKeySpec(NamedParameterSpec.X25519, privateKey)));
            agreement.doPhase(keys.generatePublic(new XECPublicKeySpec(NamedParameterSpec.X25519, u)), true);
            return agreement.generateSecret();
        } catch (InvalidKeyException e) {
            throw e;
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("this JDK has no " + NAME, e);
        }
    }
}
