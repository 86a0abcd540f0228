package io.annulet.channel;

import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.Base64;
import java.util.HexFormat;
import org.jspecify.annotations.Nullable;

/** A public key that tells who is who: 32 bytes of X25519, written as text; immutable. */
public final class PeerKey {
    private static final String PREFIX = "annulet-public-";
    private static final int FINGERPRINT_BYTES = 8;

    private final byte[] bytes;

    PeerKey(byte[] bytes) {
        if (bytes.length != X25519.KEY_BYTES) {
            throw new IllegalArgumentException("a public key has 32 bytes");
        }
        this.bytes = bytes.clone();
    }

    /** Reads what {@link #toString} writes. */
    public static PeerKey parse(String text) {
        try {
            if (text.startsWith(PREFIX)) {
                return new PeerKey(Base64.getUrlDecoder().decode(text.substring(PREFIX.length())));
            }
        } catch (IllegalArgumentException notBase64) {
            throw refused(text, notBase64);
        }
        throw refused(text, null);
    }

    private static IllegalArgumentException refused(String text, @Nullable Throwable cause) {
        return new IllegalArgumentException(
                "'" + text + "' is no public key: copy the line that annulet channel keygen printed", cause);
    }

    byte[] bytes() {
        return bytes.clone();
    }

    boolean is(byte[] other) {
        return MessageDigest.isEqual(bytes, other);
    }

    /** Eight bytes of its hash, for people to compare: {@code 1f3a-90bc-5d21-77e0}. */
    public String fingerprint() {
        try {
            byte[] digest = MessageDigest.getInstance("SHA-256").digest(bytes);
            String hex = HexFormat.of().formatHex(digest, 0, FINGERPRINT_BYTES);
            return hex.replaceAll("(.{4})(?=.)", "$1-");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("this JDK has no SHA-256", e);
        }
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof PeerKey key && is(key.bytes);
    }

    @Override
    public int hashCode() {
        return Arrays.hashCode(bytes);
    }

    @Override
    public String toString() {
        return PREFIX + Base64.getUrlEncoder().withoutPadding().encodeToString(bytes);
    }
}
