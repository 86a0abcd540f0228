package io.annulet.channel;

import java.security.GeneralSecurityException;
import java.security.InvalidKeyException;
import java.security.KeyFactory;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.PublicKey;
import java.security.spec.InvalidKeySpecException;
import java.security.spec.X509EncodedKeySpec;
import java.util.Arrays;
import javax.crypto.DecapsulateException;
import javax.crypto.KEM;

/** ML-KEM-768 of FIPS 203, by the JDK, with public keys as the bytes that the standard has; stateless. */
final class KeyEncapsulation {
    static final int PUBLIC_KEY_BYTES = 1184;
    static final int CIPHERTEXT_BYTES = 1088;

    private static final String NAME = "ML-KEM-768";

    private KeyEncapsulation() {}

    static KeyPair newKeyPair() {
        try {
            return KeyPairGenerator.getInstance(NAME).generateKeyPair();
        } catch (GeneralSecurityException e) {
            throw missing(e);
        }
    }

    /** The key's last bytes in its usual encoding, which has no more behind them. */
    static byte[] encode(PublicKey key) {
        byte[] whole = key.getEncoded();
        return Arrays.copyOfRange(whole, whole.length - PUBLIC_KEY_BYTES, whole.length);
    }

    /** A ciphertext for whoever has the private key, and the secret in it. */
    static KEM.Encapsulated encapsulate(byte[] publicKey) throws HandshakeFailure {
        try {
            byte[] frame = newKeyPair().getPublic().getEncoded();
            System.arraycopy(publicKey, 0, frame, frame.length - PUBLIC_KEY_BYTES, PUBLIC_KEY_BYTES);
            PublicKey key = KeyFactory.getInstance(NAME).generatePublic(new X509EncodedKeySpec(frame));
            return KEM.getInstance(NAME).newEncapsulator(key).encapsulate();
        } catch (InvalidKeySpecException | InvalidKeyException e) {
            throw new HandshakeFailure("a handshake message has no valid ML-KEM key");
        } catch (GeneralSecurityException e) {
            throw missing(e);
        }
    }

    static byte[] decapsulate(KeyPair pair, byte[] ciphertext) throws HandshakeFailure {
        try {
            return KEM.getInstance(NAME)
                    .newDecapsulator(pair.getPrivate())
                    .decapsulate(ciphertext)
                    .getEncoded();
        } catch (DecapsulateException | InvalidKeyException e) {
            throw new HandshakeFailure("a handshake message has no valid ML-KEM ciphertext");
        } catch (GeneralSecurityException e) {
            throw missing(e);
        }
    }

    private static IllegalStateException missing(GeneralSecurityException e) {
        return new IllegalStateException("this JDK has no " + NAME, e);
    }
}
