package io.annulet.backend.stats;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.MappedByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileChannel.MapMode;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import org.agrona.concurrent.UnsafeBuffer;
import org.agrona.concurrent.status.CountersManager;
import org.jspecify.annotations.Nullable;

/**
 * The counters of a back-end, in a file that other processes map and read while it runs; {@link CountersLayout} has the
 * bytes. Opened, closed and given new counters by one thread, that of the composition root.
 *
 * <p>The file belongs to one process: it is made exclusively, and it is removed when that process closes it. All of it is
 * written once when it is made, because a page that a full file system cannot provide later would end the JVM.
 *
 * <p>The mapping is left to the garbage collector: a counter that is still held keeps it, so no straggler can touch
 * memory that is gone.
 */
public final class CountersFile implements AutoCloseable {

    private static final int ATTEMPTS = 3;
    private static final int ZEROS_BYTES = 64 * 1024;

    private @Nullable Path path;
    private final @Nullable Object fileKey;
    private final UnsafeBuffer header;
    private final CountersManager manager;

    private CountersFile(@Nullable Path path, @Nullable Object fileKey, UnsafeBuffer whole, int counters) {
        this.path = path;
        this.fileKey = fileKey;
        int metadataBytes = CountersLayout.metadataByteLength(counters);
        int valuesBytes = CountersLayout.valuesByteLength(counters);
        this.header = new UnsafeBuffer(whole, 0, CountersLayout.HEADER_BYTES);
        this.manager = new CountersManager(
                new UnsafeBuffer(whole, CountersLayout.HEADER_BYTES, metadataBytes),
                new UnsafeBuffer(whole, CountersLayout.HEADER_BYTES + metadataBytes, valuesBytes));
        writeHeader(metadataBytes, valuesBytes);
    }

    /** Counters in plain memory, which nobody else sees. */
    public static CountersFile inMemory(int counters) {
        ByteBuffer memory = ByteBuffer.allocateDirect(CountersLayout.fileByteLength(counters) + Long.BYTES);
        return new CountersFile(null, null, new UnsafeBuffer(memory.alignedSlice(Long.BYTES)), counters);
    }

    /**
     * Makes the file. One that a dead back-end left at the same path is replaced.
     *
     * @param counters how many there is room for
     * @throws FileAlreadyExistsException if a running back-end, or something that is no counters file, is there
     * @throws IOException if the file cannot be made, among others because there is no space for all of it
     */
    public static CountersFile create(Path path, int counters) throws IOException {
        if (counters < 1 || counters > CountersLayout.MAX_COUNTERS) {
            throw new IllegalArgumentException("room for " + counters + " counters");
        }
        for (int attempt = 1; ; attempt++) {
            try {
                return createOnce(path, counters);
            } catch (FileAlreadyExistsException e) {
                if (attempt == ATTEMPTS || !removeIfStale(path)) {
                    throw e;
                }
            }
        }
    }

    private static CountersFile createOnce(Path path, int counters) throws IOException {
        Set<StandardOpenOption> options =
                Set.of(StandardOpenOption.CREATE_NEW, StandardOpenOption.READ, StandardOpenOption.WRITE);
        try (FileChannel channel = FileChannel.open(
                path, options, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")))) {
            boolean done = false;
            try {
                int byteLength = CountersLayout.fileByteLength(counters);
                fillWithZeros(channel, byteLength);
                MappedByteBuffer mapped = channel.map(MapMode.READ_WRITE, 0, byteLength);
                CountersFile file = new CountersFile(path, fileKey(path), new UnsafeBuffer(mapped), counters);
                done = true;
                return file;
            } finally {
                if (!done) {
                    Files.deleteIfExists(path);
                }
            }
        }
    }

    private static void fillWithZeros(FileChannel channel, int byteLength) throws IOException {
        ByteBuffer zeros = ByteBuffer.allocateDirect(ZEROS_BYTES);
        int left = byteLength;
        while (left > 0) {
            zeros.clear().limit(Math.min(left, ZEROS_BYTES));
            left -= channel.write(zeros);
        }
    }

    private void writeHeader(int metadataBytes, int valuesBytes) {
        ProcessIdentity process = ProcessIdentity.ofThisProcess();
        header.putLong(CountersLayout.MAGIC_OFFSET, CountersLayout.MAGIC);
        header.putInt(CountersLayout.VERSION_OFFSET, CountersLayout.VERSION);
        header.putLong(CountersLayout.PID_OFFSET, process.pid());
        header.putLong(CountersLayout.PROCESS_START_OFFSET, process.startTicks());
        header.putLong(CountersLayout.PID_NAMESPACE_OFFSET, process.pidNamespace());
        header.putLong(CountersLayout.BEGAN_OFFSET, System.currentTimeMillis());
        header.putInt(CountersLayout.METADATA_LENGTH_OFFSET, metadataBytes);
        header.putInt(CountersLayout.VALUES_LENGTH_OFFSET, valuesBytes);
        header.putIntRelease(CountersLayout.STATE_OFFSET, CountersLayout.RUNNING);
    }

    /** Hands out counters; used by the opening thread only. */
    public CountersManager manager() {
        return manager;
    }

    /** The values of all counters by their labels, those with the same label added up. By the opening thread. */
    public Map<String, Long> values() {
        Map<String, Long> values = new HashMap<>();
        manager.forEach((id, label) -> values.merge(label, manager.getCounterValue(id), Long::sum));
        return values;
    }

    /** Adds values of a process before this one, before anybody counts here; those of unknown labels are left out. */
    public void addValues(Map<String, Long> before) {
        Map<String, Long> left = new HashMap<>(before);
        manager.forEach((id, label) -> {
            Long value = left.remove(label);
            if (value != null) {
                manager.setCounterValue(id, manager.getCounterValue(id) + value);
            }
        });
    }

    /** Puts the file in the place of another process's. By the opening thread. */
    public void moveTo(Path place) throws IOException {
        if (path != null) {
            Files.move(path, place, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
            path = place;
        }
    }

    /** Where the file is, or null if the counters are in memory. */
    public @Nullable Path path() {
        return path;
    }

    /**
     * Removes the counters files in a directory whose processes have ended.
     *
     * @return how many
     */
    public static int removeStale(Path directory) throws IOException {
        int removed = 0;
        for (Path file : CountersPaths.filesIn(directory)) {
            removed += removeIfStale(file) ? 1 : 0;
        }
        return removed;
    }

    private static boolean removeIfStale(Path path) throws IOException {
        try (CountersFileReader reader = CountersFileReader.open(path)) {
            return reader.isStale() && Files.deleteIfExists(path);
        } catch (NoSuchFileException gone) {
            return true;
        } catch (NotCountersException notOurs) {
            return false;
        }
    }

    private static @Nullable Object fileKey(Path path) throws IOException {
        return Files.readAttributes(path, BasicFileAttributes.class).fileKey();
    }

    /** Marks the counters as final and removes the file, unless somebody has put another one there. */
    @Override
    public void close() throws IOException {
        header.putIntRelease(CountersLayout.STATE_OFFSET, CountersLayout.ENDED);
        if (path == null) {
            return;
        }
        try {
            if (fileKey != null && fileKey.equals(fileKey(path))) {
                Files.deleteIfExists(path);
            }
        } catch (NoSuchFileException removedAlready) {
            // What was wanted.
        }
    }
}
