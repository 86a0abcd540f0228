package io.annulet.channel;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.JsonNode;
import io.annulet.linux.LibcryptoAes;
import io.annulet.memory.HostMemory;
import java.lang.foreign.Arena;
import java.security.InvalidKeyException;
import java.util.Arrays;
import java.util.HexFormat;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** O13: the primitives against Project Wycheproof's vectors, and XAES-256-GCM against those of its specification. */
final class CipherVectorsTest {

    /** Whose ciphers. */
    enum Library {
        LIBCRYPTO,
        JDK;

        Aead make(Arena arena) {
            assumeTrue(this == JDK || LibcryptoAes.isAvailable(), "this machine has no libcrypto 3");
            long scratch = arena.allocate(Aead.SCRATCH_BYTES, 16).address();
            return this == JDK ? new JdkAead(scratch) : new NativeAead(scratch);
        }
    }

    @ParameterizedTest
    @EnumSource
    void extendedNonceIsThatOfItsSpecification_O13(Library library) {
        assertSeals(library, 1, "", "ce546ef63c9cc60765923609b33a9a1974e96e52daf2fcf7075e2271");
        assertSeals(library, 3, "c2sp.org/XAES-256-GCM", "986ec1832593df5443a179437fd083bf3fdb41abd740a21f71eb769d");
    }

    private static void assertSeals(Library library, int keyByte, String associatedText, String expected) {
        try (Arena arena = Arena.ofConfined();
                Aead aead = library.make(arena)) {
            byte[] key = new byte[Aead.KEY_BYTES];
            Arrays.fill(key, (byte) keyByte);
            aead.key(put(arena, key));
            byte[] plain = "XAES-256-GCM".getBytes(US_ASCII);
            byte[] associated = associatedText.getBytes(US_ASCII);
            long nonce = put(arena, "ABCDEFGHIJKLMNOPQRSTUVWX".getBytes(US_ASCII));
            long sealed = put(arena, new byte[plain.length + Aead.TAG_BYTES]);
            aead.seal(
                    nonce,
                    put(arena, associated),
                    associated.length,
                    put(arena, plain),
                    5,
                    put(arena, plain) + 5,
                    plain.length - 5,
                    sealed);
            byte[] actual = HostMemory.copyOut(sealed, plain.length + Aead.TAG_BYTES);
            assertEquals(expected, HexFormat.of().formatHex(actual));

            long opened = put(arena, new byte[plain.length]);
            assertTrue(aead.open(nonce, put(arena, associated), associated.length, sealed, plain.length, opened));
            assertArrayEquals(plain, HostMemory.copyOut(opened, plain.length));
        }
    }

    @ParameterizedTest
    @EnumSource
    void galoisCounterModeIsThatOfWycheproof_O13(Library library) {
        int count = 0;
        try (Arena arena = Arena.ofConfined();
                Aead aead = library.make(arena)) {
            for (JsonNode group : Vectors.read("wycheproof-aes-gcm-test.json").get("testGroups")) {
                if (group.get("keySize").asInt() != 256 || group.get("ivSize").asInt() != 96) {
                    continue;
                }
                for (JsonNode test : group.get("tests")) {
                    check(arena, aead, test);
                    count++;
                }
            }
        }
        assertTrue(count > 0, "no vector fits");
    }

    private static void check(Arena arena, Aead aead, JsonNode test) {
        byte[] plain = Vectors.bytes(test, "msg");
        byte[] sealed = Hkdf.concat(Vectors.bytes(test, "ct"), Vectors.bytes(test, "tag"));
        byte[] associated = Vectors.bytes(test, "aad");
        boolean isValid = test.get("result").asText().equals("valid");
        long key = put(arena, Vectors.bytes(test, "key"));
        long iv = put(arena, Vectors.bytes(test, "iv"));
        long out = put(arena, new byte[sealed.length]);
        long at = put(arena, associated);
        boolean isOpen = aead.open(key, iv, at, associated.length, put(arena, sealed), plain.length, out);
        assertEquals(isValid, isOpen, test::toString);
        if (isValid) {
            aead.start(key, iv, at, associated.length);
            aead.seal(put(arena, plain), plain.length, out, 0, out);
            assertArrayEquals(sealed, HostMemory.copyOut(out, sealed.length), test::toString);
        }
    }

    @Test
    void keyAgreementIsThatOfWycheproof_O13() throws Exception {
        int count = 0;
        for (JsonNode group : Vectors.read("wycheproof-x25519-test.json").get("testGroups")) {
            for (JsonNode test : group.get("tests")) {
                byte[] shared = Vectors.bytes(test, "shared");
                byte[] ours = Vectors.bytes(test, "private");
                byte[] theirs = Vectors.bytes(test, "public");
                if (Arrays.equals(shared, new byte[X25519.KEY_BYTES])) {
                    assertThrows(InvalidKeyException.class, () -> X25519.agree(ours, theirs), test::toString);
                } else {
                    assertArrayEquals(shared, X25519.agree(ours, theirs), test::toString);
                }
                count++;
            }
        }
        assertFalse(count < 500, "vectors are missing");
    }

    private static long put(Arena arena, byte[] bytes) {
        long address = arena.allocate(bytes.length + 1, 16).address();
        HostMemory.copyIn(bytes, 0, bytes.length, address);
        return address;
    }
}
