package io.annulet.backend.control;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.annulet.backend.data.RingRecord;
import io.annulet.linux.PassedSockets;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.channels.FileChannel.MapMode;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Future;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Where a back-end keeps what has to outlive it, a file for each port whose name stands for the port's socket; and what it
 * found there. Owned by the control thread, made by any.
 */
public final class StateFolder {

    private static final Logger LOG = LoggerFactory.getLogger(StateFolder.class);

    private static final String SUFFIX = ".rings";
    private static final long MAGIC = 0x53474e_49525f41L; // "A_RINGS"
    private static final int VERSION = 1;
    private static final int PATH = 16;
    private static final int MOST_PATH_BYTES = 1024;

    /** A file that nobody has opened for so long is of guests that are gone. */
    private static final Duration KEPT = Duration.ofDays(7);

    private record Ring(long portKey, int index) {}

    private final @Nullable Path folder;
    private final long waitNanos;
    private final Map<Ring, Integer> firstPositions = new HashMap<>();
    private RecoveryHold hold = new RecoveryHold(0);

    /** All that are open, where there is no folder. */
    private final List<HeldPort> ports = new ArrayList<>();

    /** Whether nobody has been served yet who might come back. */
    private boolean mayBeFirst = true;

    private volatile FlightFiles flights = new FlightFiles(null);

    /**
     * @param folder null to keep nothing
     * @param wait how long after a crash guests that are back wait for those that are not
     */
    public StateFolder(@Nullable Path folder, Duration wait) {
        this.folder = folder;
        this.waitNanos = wait.toNanos();
    }

    /** One in which nothing is kept. */
    public static StateFolder none() {
        return new StateFolder(null, Duration.ZERO);
    }

    /** Records of ports are written there at faults. Before ports open, from any thread. */
    public void recordTo(FlightFiles files) {
        flights = files;
    }

    FlightFiles flights() {
        return flights;
    }

    /** So many ports are about to open. Before they do, from any thread. */
    public void expectPorts(int count) {
        hold = new RecoveryHold(count);
        firstPositions.clear();
    }

    /** Whether no guest is waited for that a process before this one served, as the control thread sees it. */
    public CompletableFuture<Boolean> isSettled(ControlLoop loop) {
        CompletableFuture<Boolean> settled = new CompletableFuture<>();
        loop.execute(() -> settled.complete(hold.isOver()));
        return settled;
    }

    RecoveryHold hold() {
        return hold;
    }

    /**
     * A port is open.
     *
     * @param isLeft whether rings of it were left behind, as its records tell
     */
    void onPortOpen(ControlLoop loop, HeldPort port, boolean isLeft) {
        RecoveryHold current = hold;
        if (folder == null) {
            ports.add(port);
        }
        if (current.isOver() && isLeft) {
            port.release(); // opened when all others had been open for long
            return;
        }
        if (isLeft) {
            current.hold(port);
        }
        if (current.onPortOpen() && !current.isOver()) {
            Future<?> _ = loop.schedule(waitNanos, current::end);
        }
    }

    /** A port is closed. */
    void onPortClosed(GuestEndpoint port) {
        ports.removeIf(each -> each.isOf(port));
    }

    /** A front-end has left a process that goes on: what comes back with notes of a device may be its own. */
    void onServed() {
        mayBeFirst = false;
    }

    /**
     * A front-end came back with notes of a device before this one. Where there are no records, and nobody has come and gone
     * yet, that tells that another process died: then all guests wait for each other, once, as after a look into records.
     */
    void onLeftBehind(ControlLoop loop) {
        if (folder == null && mayBeFirst && hold.isOver()) {
            mayBeFirst = false;
            RecoveryHold late = new RecoveryHold(1);
            ports.forEach(HeldPort::hold);
            ports.forEach(late::hold);
            hold = late;
            if (late.onPortOpen() && !late.isOver()) {
                Future<?> _ = loop.schedule(waitNanos, late::end);
            }
        }
    }

    /** The records of a port, as its last back-end left them. Without them a port is served too, with a warning. */
    RingRecords open(VhostUserOptions options) {
        Path in = folder;
        if (in == null || PassedSockets.isNumber(options.socket())) {
            // A number means another socket in each process: nobody would look for the records of this one.
            return RingRecords.none();
        }
        String socket = options.socket().toAbsolutePath().normalize().toString();
        long key = key(socket);
        FileChannel channel = null;
        boolean opened = false;
        try {
            channel = FileChannel.open(
                    file(in, key),
                    Set.of(StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE),
                    PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
            lock(channel);
            RingRecords records = map(channel, key, socket, 2 * options.queuePairs() + (options.isGeneric() ? 1 : 0));
            opened = true;
            return records;
        } catch (IOException e) {
            LOG.warn("port {}: no records of its rings are kept in {}: {}", options.name(), in, e.getMessage());
            return RingRecords.none();
        } finally {
            if (channel != null && !opened) {
                closeQuietly(channel);
            }
        }
    }

    private static void lock(FileChannel channel) throws IOException {
        boolean free = false;
        try {
            free = channel.tryLock() != null;
        } catch (OverlappingFileLockException ours) {
            // Another back-end of this process.
        }
        if (!free) {
            throw new IOException("another back-end has its file");
        }
    }

    private static void closeQuietly(FileChannel channel) {
        try {
            channel.close();
        } catch (IOException e) {
            LOG.debug("close", e);
        }
    }

    private static Path file(Path folder, long key) {
        return folder.resolve(String.format("%016x", key) + SUFFIX);
    }

    /** Sixty-four bits of a digest of the socket's path. */
    static long key(String socket) {
        try {
            return ByteBuffer.wrap(MessageDigest.getInstance("SHA-256").digest(socket.getBytes(UTF_8)))
                    .getLong();
        } catch (NoSuchAlgorithmException impossible) {
            throw new IllegalStateException(impossible);
        }
    }

    private RingRecords map(FileChannel channel, long key, String socket, int rings) throws IOException {
        byte[] path = socket.getBytes(UTF_8);
        byte[] header = header(Arrays.copyOf(path, Math.min(path.length, MOST_PATH_BYTES)));
        int byteLength = RingRecords.HEADER_BYTES + (RingRecords.RING_BYTES + RingRecord.NOTES_BYTES) * rings;
        if (!begins(channel, header)) {
            channel.truncate(0);
        }
        // All of it is written, so that a file system that is full says so here and not in the middle of a burst.
        for (long at = channel.size(); at < byteLength; at = channel.size()) {
            channel.write(ByteBuffer.allocate((int) (byteLength - at)), at);
        }
        channel.write(ByteBuffer.wrap(header), 0);
        MemorySegment memory = channel.map(MapMode.READ_WRITE, 0, byteLength, Arena.ofAuto());
        return new RingRecords(this, key, channel, memory, rings);
    }

    private static byte[] header(byte[] path) {
        ByteBuffer header = ByteBuffer.allocate(PATH + path.length).order(ByteOrder.nativeOrder());
        header.putLong(MAGIC).putInt(VERSION).putInt(path.length).put(path);
        return header.array();
    }

    private static boolean begins(FileChannel channel, byte[] header) throws IOException {
        ByteBuffer found = ByteBuffer.allocate(header.length);
        while (found.hasRemaining() && channel.read(found, found.position()) > 0) {
            // on to the end of the header
        }
        return Arrays.equals(found.array(), header);
    }

    /** Where a ring stood when it was first looked at. */
    void found(long portKey, int ring, int position) {
        firstPositions.putIfAbsent(new Ring(portKey, ring), position);
    }

    /** Null if the ring was not looked at yet. */
    @Nullable
    Integer firstPosition(long portKey, int ring) {
        return firstPositions.get(new Ring(portKey, ring));
    }

    void remove(long portKey) {
        if (folder != null) {
            try {
                Files.deleteIfExists(file(folder, portKey));
            } catch (IOException e) {
                LOG.warn("the records of a port's rings were not removed: {}", e.getMessage());
            }
        }
    }

    /** Removes what was left long ago by back-ends that never came back. From any thread. */
    public void removeForgotten() {
        if (folder == null) {
            return;
        }
        try (Stream<Path> files = Files.list(folder)) {
            List<Path> records =
                    files.filter(file -> file.toString().endsWith(SUFFIX)).toList();
            Instant since = Instant.now().minus(KEPT);
            for (Path file : records) {
                if (Files.getLastModifiedTime(file).toInstant().isBefore(since)) {
                    Files.deleteIfExists(file);
                }
            }
        } catch (IOException e) {
            LOG.debug("look for forgotten records", e);
        }
    }
}
