package io.annulet.backend.stats;

import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.Map;
import org.agrona.concurrent.status.CountersReader;
import org.jspecify.annotations.Nullable;

/**
 * Reads the counters of a back-end in another process; used by one thread.
 *
 * <p>The file may be anybody's, and may change under the reader's hands. So it is read and not mapped, since a mapped file
 * that becomes shorter can end the JVM; lengths are checked against what the file has; and records whose label is not of
 * our form are passed over.
 */
public final class CountersFileReader implements AutoCloseable {

    private final Path path;
    private final FileChannel channel;
    private final ByteBuffer copy;
    private final ProcessIdentity process;
    private final int counters;

    private CountersFileReader(Path path, FileChannel channel) throws IOException {
        this.path = path;
        this.channel = channel;
        ByteBuffer header = ByteBuffer.allocate(CountersLayout.HEADER_BYTES).order(ByteOrder.LITTLE_ENDIAN);
        if (channel.size() < CountersLayout.HEADER_BYTES) {
            throw new NotCountersException(path, "no counters file: too short");
        }
        readInto(header);
        this.counters = checkHeader(header);
        this.process = new ProcessIdentity(
                header.getLong(CountersLayout.PID_OFFSET),
                header.getLong(CountersLayout.PROCESS_START_OFFSET),
                header.getLong(CountersLayout.PID_NAMESPACE_OFFSET));
        this.copy = ByteBuffer.allocate(CountersLayout.fileByteLength(counters)).order(ByteOrder.LITTLE_ENDIAN);
    }

    /**
     * Opens a counters file for reading.
     *
     * @throws NotCountersException if it is none
     */
    public static CountersFileReader open(Path path) throws IOException {
        FileChannel channel = FileChannel.open(path, StandardOpenOption.READ);
        boolean opened = false;
        try {
            CountersFileReader reader = new CountersFileReader(path, channel);
            opened = true;
            return reader;
        } finally {
            if (!opened) {
                channel.close();
            }
        }
    }

    /** Returns for how many counters the file has room. */
    private int checkHeader(ByteBuffer header) throws IOException {
        if (header.getLong(CountersLayout.MAGIC_OFFSET) != CountersLayout.MAGIC) {
            throw new NotCountersException(path, "no counters file");
        }
        int version = header.getInt(CountersLayout.VERSION_OFFSET);
        if (version != CountersLayout.VERSION) {
            throw new NotCountersException(
                    path, "counters of version " + version + "; this program reads version " + CountersLayout.VERSION);
        }
        int metadataBytes = header.getInt(CountersLayout.METADATA_LENGTH_OFFSET);
        int valuesBytes = header.getInt(CountersLayout.VALUES_LENGTH_OFFSET);
        int room = valuesBytes / CountersReader.COUNTER_LENGTH;
        boolean fits = room > 0
                && room <= CountersLayout.MAX_COUNTERS
                && valuesBytes == CountersLayout.valuesByteLength(room)
                && metadataBytes == CountersLayout.metadataByteLength(room)
                && channel.size() >= CountersLayout.fileByteLength(room);
        if (!fits) {
            throw new NotCountersException(path, "damaged: its lengths do not fit");
        }
        return room;
    }

    private void readInto(ByteBuffer buffer) throws IOException {
        buffer.clear();
        while (buffer.hasRemaining()) {
            if (channel.read(buffer, buffer.position()) < 0) {
                throw new EOFException(path + " became shorter");
            }
        }
    }

    public Path path() {
        return path;
    }

    /** The back-end's process. */
    public long pid() {
        return process.pid();
    }

    /** Whether the process has ended without removing its file. */
    public boolean isStale() {
        return process.isKnownDead();
    }

    /** Reads all counters as they are now: of those with the same label, one for each worker of a port, the sum. */
    public CountersSnapshot snapshot() throws IOException {
        readInto(copy);
        boolean isRunning = copy.getInt(CountersLayout.STATE_OFFSET) == CountersLayout.RUNNING && !isStale();
        return new CountersSnapshot(
                pid(),
                Instant.ofEpochMilli(copy.getLong(CountersLayout.BEGAN_OFFSET)),
                Instant.now(),
                isRunning,
                values(CounterOwner.PORT),
                values(CounterOwner.WORKER));
    }

    private Map<String, Map<String, Long>> values(CounterOwner kind) {
        Map<String, Map<String, Long>> owners = new LinkedHashMap<>();
        for (int id = 0; id < counters; id++) {
            int record = CountersLayout.HEADER_BYTES + CountersLayout.metadataByteLength(id);
            int state = copy.getInt(record);
            if (state == CountersReader.RECORD_UNUSED) {
                break;
            }
            boolean wanted = state == CountersReader.RECORD_ALLOCATED
                    && copy.getInt(record + CountersReader.TYPE_ID_OFFSET) == kind.typeId();
            String label = wanted ? label(record + CountersReader.LABEL_OFFSET) : null;
            if (label != null) {
                int blank = label.indexOf(' ');
                owners.computeIfAbsent(label.substring(0, blank), owner -> new LinkedHashMap<>())
                        .merge(label.substring(blank + 1), value(id), Long::sum);
            }
        }
        return owners;
    }

    private long value(int id) {
        int values = CountersLayout.HEADER_BYTES + CountersLayout.metadataByteLength(counters);
        return copy.getLong(values + CountersLayout.valuesByteLength(id));
    }

    /** The label at an offset if it is "owner counted" in plain letters, else null. */
    private @Nullable String label(int at) {
        int byteLength = copy.getInt(at);
        if (byteLength < 1 || byteLength > CountersReader.MAX_LABEL_LENGTH) {
            return null;
        }
        String label = new String(copy.array(), at + Integer.BYTES, byteLength, StandardCharsets.US_ASCII);
        return label.matches("[!-~]+ [!-~]+") ? label : null;
    }

    @Override
    public void close() throws IOException {
        channel.close();
    }
}
