package io.annulet.channel;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.ByteBuffer;
import java.util.HexFormat;
import javax.crypto.Cipher;
import javax.crypto.spec.GCMParameterSpec;
import javax.crypto.spec.SecretKeySpec;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** O13: the handshake against the published vectors of the Noise implementation cacophony. */
final class NoiseVectorsTest {

    @ParameterizedTest
    @ValueSource(strings = {"Noise_IK_25519_AESGCM_SHA256", "Noise_IKpsk2_25519_AESGCM_SHA256"})
    void bothEndsSayWhatTheVectorSays_O13(String protocol) throws Exception {
        JsonNode vector = vector(protocol);
        byte[] responderStatic = Vectors.bytes(vector, "resp_static");
        byte[] responderPublic = Vectors.bytes(vector, "init_remote_static");
        NoiseHandshake initiator = new NoiseHandshake(
                Vectors.bytes(vector, "init_prologue"),
                Vectors.bytes(vector, "init_static"),
                responderPublic,
                preShared(vector),
                false,
                Vectors.bytes(vector, "init_ephemeral"));
        NoiseHandshake responder = new NoiseHandshake(
                Vectors.bytes(vector, "resp_prologue"),
                responderStatic,
                X25519.publicKey(responderStatic),
                preShared(vector),
                false,
                Vectors.bytes(vector, "resp_ephemeral"));
        JsonNode messages = vector.get("messages");

        byte[] first = initiator.writeFirst(responderPublic, payload(messages.get(0)));
        assertHex(messages.get(0), first);
        assertArrayEquals(payload(messages.get(0)), responder.readFirst(first));
        byte[] second = responder.writeSecond(payload(messages.get(1)));
        assertHex(messages.get(1), second);
        assertArrayEquals(payload(messages.get(1)), initiator.readSecond(second));

        assertEquals(vector.get("handshake_hash").asText(), HexFormat.of().formatHex(initiator.handshakeHash()));
        byte[][] keys = initiator.split();
        byte[][] itsKeys = responder.split();
        for (int i = 2; i < messages.size(); i++) {
            byte[] sealed = transport(keys[i % 2], (i - 2) / 2, payload(messages.get(i)));
            assertHex(messages.get(i), sealed);
            assertArrayEquals(keys[i % 2], itsKeys[i % 2]);
        }
    }

    private static JsonNode vector(String protocol) {
        for (JsonNode vector : Vectors.read("noise-cacophony-ik.json").get("vectors")) {
            if (vector.get("protocol_name").asText().equals(protocol)) {
                return vector;
            }
        }
        throw new AssertionError(protocol);
    }

    private static @Nullable Secret preShared(JsonNode vector) {
        JsonNode keys = vector.get("init_psks");
        return keys == null
                ? null
                : new Secret(HexFormat.of().parseHex(keys.get(0).asText()));
    }

    private static byte[] payload(JsonNode message) {
        return Vectors.bytes(message, "payload");
    }

    private static void assertHex(JsonNode message, byte[] actual) {
        assertEquals(message.get("ciphertext").asText(), HexFormat.of().formatHex(actual));
    }

    private static byte[] transport(byte[] key, long nonce, byte[] plain) throws Exception {
        Cipher cipher = Cipher.getInstance("AES/GCM/NoPadding");
        byte[] iv = ByteBuffer.allocate(12).putInt(0).putLong(nonce).array();
        cipher.init(Cipher.ENCRYPT_MODE, new SecretKeySpec(key, "AES"), new GCMParameterSpec(128, iv));
        return cipher.doFinal(plain);
    }
}
