package io.annulet.cli.channel;

import io.annulet.linux.Fd;
import io.annulet.linux.FileDescriptors;
import io.annulet.linux.Mapping;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import org.jspecify.annotations.Nullable;

/**
 * A file that is being received: mapped at its full size under a name of its own, beside a note of how far it is. Both have
 * the content's hash in their names, so what is found there is of the same content. Used by one thread.
 */
final class PartialFile implements AutoCloseable {
    private static final int HASH_CHARS = 16;
    private static final long NOTE_BYTES = 4L << 20;
    private static final int MAX_NAME_CHARS = 200;

    private final Path target;
    private final Path part;
    private final Path note;
    private final String hash;
    private final long byteLength;
    private final @Nullable Mapping mapping;
    private long position;
    private long noted;

    private PartialFile(Path target, Path part, Path note, String hash, long byteLength) throws IOException {
        this.target = target;
        this.part = part;
        this.note = note;
        this.hash = hash;
        this.byteLength = byteLength;
        this.position = Files.exists(part) && Files.exists(note)
                ? Math.clamp(Long.parseLong(Files.readString(note).strip()), 0, byteLength)
                : 0;
        this.noted = position;
        try (RandomAccessFile file = new RandomAccessFile(part.toFile(), "rw")) {
            file.setLength(byteLength);
        }
        this.mapping = byteLength == 0 ? null : map();
    }

    private Mapping map() {
        try (Fd fd = FileDescriptors.openDevice(part, "check the rights of the folder")) {
            return Mapping.map(fd, 0, byteLength, Mapping.Protection.READ_WRITE);
        }
    }

    /**
     * Begins a file, or goes on with it.
     *
     * @throws IllegalArgumentException if the offer is none that can be taken
     */
    static PartialFile open(Path folder, String name, long byteLength, String hash) throws IOException {
        if (name.isEmpty()
                || name.length() > MAX_NAME_CHARS
                || name.startsWith(".")
                || name.matches(".*[/\\x00-\\x1f].*")) {
            throw new IllegalArgumentException("the name is none for a file here");
        }
        if (!hash.matches("[0-9a-f]{64}") || byteLength < 0) {
            throw new IllegalArgumentException("size or hash are wrong");
        }
        Path target = folder.resolve(name);
        if (Files.exists(target)) {
            throw new IllegalArgumentException(name + " is there already");
        }
        String hidden = "." + name + "." + hash.substring(0, HASH_CHARS);
        Path part = folder.resolve(hidden + ".part");
        // A file without the room for it would fault in the middle of a placement.
        if (!Files.exists(part) && Files.getFileStore(folder).getUsableSpace() < byteLength) {
            throw new IllegalArgumentException("there is no room for " + byteLength + " bytes");
        }
        return new PartialFile(target, part, folder.resolve(hidden + ".position"), hash, byteLength);
    }

    long address() {
        return mapping == null ? 0 : mapping.address();
    }

    long byteLength() {
        return byteLength;
    }

    String hash() {
        return hash;
    }

    /** How many bytes are there, all from the start. */
    long position() {
        return position;
    }

    /** Counts bytes that were placed; false if they are not the next ones. */
    boolean advance(long offset, int count) {
        if (offset != position) {
            return false;
        }
        position += count;
        if (position - noted >= NOTE_BYTES) {
            writeNote();
        }
        return true;
    }

    private void writeNote() {
        try {
            Files.writeString(note, position + "\n");
            noted = position;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /**
     * Gives the file its name, if it is whole and has the hash that was offered.
     *
     * @throws IllegalArgumentException if not; what was received is thrown away
     */
    Path finish() throws IOException {
        unmap();
        if (position != byteLength || !ContentHash.of(part).equals(hash)) {
            Files.deleteIfExists(part);
            Files.deleteIfExists(note);
            throw new IllegalArgumentException("the content is not what was offered");
        }
        Files.move(part, target, StandardCopyOption.ATOMIC_MOVE);
        Files.deleteIfExists(note);
        return target;
    }

    private void unmap() {
        if (mapping != null) {
            mapping.close();
        }
    }

    /** Leaves what there is for another time. */
    @Override
    public void close() {
        writeNote();
        unmap();
    }
}
