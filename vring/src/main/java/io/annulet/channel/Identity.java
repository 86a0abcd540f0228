package io.annulet.channel;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.SecureRandom;
import java.util.Base64;
import java.util.List;
import java.util.Set;

/** Who an end is: a private key, and the public one that its peers pin; immutable. */
public final class Identity {
    private static final String PREFIX = "annulet-private-";
    private static final Set<PosixFilePermission> OWNER_ONLY = PosixFilePermissions.fromString("rw-------");
    private static final Set<PosixFilePermission> OTHERS = Set.of(
            PosixFilePermission.GROUP_READ,
            PosixFilePermission.GROUP_WRITE,
            PosixFilePermission.OTHERS_READ,
            PosixFilePermission.OTHERS_WRITE);

    private final byte[] privateKey;
    private final PeerKey publicKey;

    Identity(byte[] privateKey) {
        this.privateKey = privateKey.clone();
        this.publicKey = new PeerKey(X25519.publicKey(privateKey));
    }

    public static Identity create() {
        return new Identity(X25519.newPrivateKey(new SecureRandom()));
    }

    /** Reads a file that {@link #write} made. One that others may read or write is refused. */
    public static Identity read(Path file) throws IOException {
        if (Files.getPosixFilePermissions(file).stream().anyMatch(OTHERS::contains)) {
            throw new IllegalArgumentException(file + " may be read by others: chmod 600 " + file);
        }
        List<String> lines = Files.readAllLines(file);
        String line = lines.isEmpty() ? "" : lines.getFirst().strip();
        if (!line.startsWith(PREFIX)) {
            throw new IllegalArgumentException(file + " holds no private key: make one with annulet channel keygen");
        }
        byte[] key = Base64.getUrlDecoder().decode(line.substring(PREFIX.length()));
        if (key.length != X25519.KEY_BYTES) {
            throw new IllegalArgumentException(file + " holds a key of " + key.length + " bytes; 32 are right");
        }
        return new Identity(key);
    }

    /** Writes the private key to a new file that only its owner may read. */
    public void write(Path file) throws IOException {
        Files.createFile(file, PosixFilePermissions.asFileAttribute(OWNER_ONLY));
        String text = PREFIX + Base64.getUrlEncoder().withoutPadding().encodeToString(privateKey) + "\n";
        Files.writeString(file, text, StandardOpenOption.WRITE);
    }

    byte[] privateKey() {
        return privateKey.clone();
    }

    public PeerKey publicKey() {
        return publicKey;
    }
}
