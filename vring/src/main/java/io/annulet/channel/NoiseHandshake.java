package io.annulet.channel;

import static java.nio.charset.StandardCharsets.US_ASCII;

import java.io.ByteArrayOutputStream;
import java.security.InvalidKeyException;
import java.security.KeyPair;
import java.util.Arrays;
import javax.crypto.KEM;
import org.jspecify.annotations.Nullable;

/**
 * One end of one Noise handshake, pattern IK or IKpsk2 with X25519, AES-256-GCM and SHA-256; used by one thread, and for
 * one handshake.
 *
 * <pre>
 *   &lt;- s                          the initiator knows whom it calls
 *   ...
 *   -&gt; e, [e1,] es, s, ss         the initiator's identity is sealed to the responder's key
 *   &lt;- e, ee, [ekem1,] se[, psk]  both are authenticated, with forward secrecy
 * </pre>
 *
 * <p>In brackets: a pre-shared key, and ML-KEM-768 beside X25519 as the Noise extension for hybrid forward secrecy has it.
 * The first message could be replayed and has no forward secrecy against the responder's key, so no payload goes with it.
 */
final class NoiseHandshake {
    private static final int SEALED_KEY_BYTES = X25519.KEY_BYTES + NoiseState.TAG_BYTES;

    private final NoiseState state;
    private final byte[] privateKey;
    private final byte[] publicKey;
    private final @Nullable Secret preShared;
    private final boolean isHybrid;
    private final byte[] ephemeral;
    private final byte[] ephemeralPublic;
    private @Nullable KeyPair kemKeys;

    private byte[] peerPublic = {};
    private byte[] peerEphemeral = {};
    private byte[] peerKem = {};

    /**
     * @param preShared null for IK without
     * @param ephemeral a fresh private key, overwritten when the handshake is over
     */
    NoiseHandshake(
            byte[] prologue,
            byte[] privateKey,
            byte[] responderPublic,
            @Nullable Secret preShared,
            boolean isHybrid,
            byte[] ephemeral) {
        String name = "Noise_IK" + (isHybrid ? "hfs" : "") + (preShared == null ? "" : isHybrid ? "+psk2" : "psk2")
                + "_25519" + (isHybrid ? "+MLKEM768" : "") + "_AESGCM_SHA256";
        this.state = new NoiseState(name.getBytes(US_ASCII), prologue);
        this.privateKey = privateKey;
        this.publicKey = X25519.publicKey(privateKey);
        this.preShared = preShared;
        this.isHybrid = isHybrid;
        this.ephemeral = ephemeral;
        this.ephemeralPublic = X25519.publicKey(ephemeral);
        state.mixHash(responderPublic);
    }

    /** The initiator's message. */
    byte[] writeFirst(byte[] responderPublic, byte[] payload) throws HandshakeFailure {
        peerPublic = responderPublic.clone();
        ByteArrayOutputStream message = new ByteArrayOutputStream();
        writeEphemeral(message);
        if (isHybrid) {
            KeyPair pair = KeyEncapsulation.newKeyPair();
            kemKeys = pair;
            message.writeBytes(state.encryptAndHash(KeyEncapsulation.encode(pair.getPublic())));
        }
        mixAgreement(ephemeral, peerPublic);
        message.writeBytes(state.encryptAndHash(publicKey));
        mixAgreement(privateKey, peerPublic);
        message.writeBytes(state.encryptAndHash(payload));
        return message.toByteArray();
    }

    /** The responder reads it; afterwards {@link #peerPublic} is known, and not yet that it is not a replay. */
    byte[] readFirst(byte[] message) throws HandshakeFailure {
        Cursor cursor = new Cursor(message);
        readEphemeral(cursor);
        if (isHybrid) {
            int tag = state.hasKey() ? NoiseState.TAG_BYTES : 0;
            peerKem = state.decryptAndHash(cursor.take(KeyEncapsulation.PUBLIC_KEY_BYTES + tag));
        }
        mixAgreement(privateKey, peerEphemeral);
        peerPublic = state.decryptAndHash(cursor.take(SEALED_KEY_BYTES));
        mixAgreement(privateKey, peerPublic);
        return state.decryptAndHash(cursor.rest());
    }

    /** The responder's answer. */
    byte[] writeSecond(byte[] payload) throws HandshakeFailure {
        ByteArrayOutputStream message = new ByteArrayOutputStream();
        writeEphemeral(message);
        mixAgreement(ephemeral, peerEphemeral);
        if (isHybrid) {
            KEM.Encapsulated made = KeyEncapsulation.encapsulate(peerKem);
            message.writeBytes(state.encryptAndHash(made.encapsulation()));
            mixSecret(made.key().getEncoded());
        }
        mixAgreement(ephemeral, peerPublic);
        mixPreShared();
        message.writeBytes(state.encryptAndHash(payload));
        return message.toByteArray();
    }

    /** The initiator reads it; afterwards the other end is who it should be. */
    byte[] readSecond(byte[] message) throws HandshakeFailure {
        Cursor cursor = new Cursor(message);
        readEphemeral(cursor);
        mixAgreement(ephemeral, peerEphemeral);
        KeyPair pair = kemKeys;
        if (pair != null) {
            byte[] sealed = cursor.take(KeyEncapsulation.CIPHERTEXT_BYTES + NoiseState.TAG_BYTES);
            mixSecret(KeyEncapsulation.decapsulate(pair, state.decryptAndHash(sealed)));
        }
        mixAgreement(privateKey, peerEphemeral);
        mixPreShared();
        return state.decryptAndHash(cursor.rest());
    }

    private void writeEphemeral(ByteArrayOutputStream message) {
        message.writeBytes(ephemeralPublic);
        mixEphemeral(ephemeralPublic);
    }

    private void readEphemeral(Cursor cursor) throws HandshakeFailure {
        peerEphemeral = cursor.take(X25519.KEY_BYTES);
        mixEphemeral(peerEphemeral);
    }

    private void mixEphemeral(byte[] key) {
        state.mixHash(key);
        if (preShared != null) {
            state.mixKey(key);
        }
    }

    private void mixAgreement(byte[] ours, byte[] theirs) throws HandshakeFailure {
        try {
            mixSecret(X25519.agree(ours, theirs));
        } catch (InvalidKeyException e) {
            throw new HandshakeFailure("a handshake message has a public key of low order");
        }
    }

    private void mixSecret(byte[] secret) {
        state.mixKey(secret);
        Arrays.fill(secret, (byte) 0);
    }

    private void mixPreShared() {
        if (preShared != null) {
            state.mixKeyAndHash(preShared.bytes());
        }
    }

    byte[] ephemeralOfPeer() {
        return peerEphemeral.clone();
    }

    byte[] peerPublic() {
        return peerPublic.clone();
    }

    byte[] handshakeHash() {
        return state.handshakeHash();
    }

    /** The keys of both directions, the initiator's first; what the handshake knew is overwritten. */
    byte[][] split() {
        Arrays.fill(ephemeral, (byte) 0);
        kemKeys = null;
        return state.split();
    }

    /** Takes a message apart, whose length is whatever the other side made it. */
    private static final class Cursor {
        private final byte[] message;
        private int at;

        Cursor(byte[] message) {
            this.message = message;
        }

        byte[] take(int count) throws HandshakeFailure {
            if (message.length - at < count) {
                throw new HandshakeFailure("a handshake message is too short");
            }
            at += count;
            return Arrays.copyOfRange(message, at - count, at);
        }

        byte[] rest() {
            return Arrays.copyOfRange(message, at, message.length);
        }
    }
}
