package io.annulet.backend.control;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Where records of ports are written when something went wrong: a folder with a few files for each port, which replace one
 * another. From any thread; a file is written by a thread that may wait.
 */
public final class FlightFiles {

    /** What a file says that it is. */
    public static final String FORMAT = "annulet-flight-1";

    private static final Logger LOG = LoggerFactory.getLogger(FlightFiles.class);

    /** Files of one port; the first fault and the last ones are what one wants. */
    private static final int FILES_A_PORT = 4;

    /** A front-end that does wrong again and again writes no more than one file in so long. */
    private static final long PAUSE_NANOS = TimeUnit.SECONDS.toNanos(1);

    private static final ObjectMapper JSON = new ObjectMapper();

    private final @Nullable Path folder;
    private final Map<String, Long> lastNanos = new HashMap<>();
    private final Map<String, Integer> numbers = new HashMap<>();

    /** @param folder null to write nothing at faults */
    public FlightFiles(@Nullable Path folder) {
        this.folder = folder;
    }

    /** Whether a fault of a port is to be written now. */
    private synchronized boolean wants(String port) {
        long now = System.nanoTime();
        Long last = lastNanos.get(port);
        if (folder == null || (last != null && now - last < PAUSE_NANOS)) {
            return false;
        }
        lastNanos.put(port, now);
        return true;
    }

    /**
     * Has the record of a port read and written, on a thread of its own, if one is wanted now.
     *
     * @param read hands the record over, now or later
     */
    void fault(String port, Consumer<Consumer<Map<String, Object>>> read) {
        Path to = folder;
        if (to != null && wants(port)) {
            read.accept(dump -> Thread.ofVirtual().name("flight").start(() -> writeNow(dump, to, port)));
        }
    }

    private void writeNow(Map<String, Object> dump, Path to, String port) {
        try {
            LOG.info("{}: what came before is in {}", port, write(dump, to, name(port)));
        } catch (IOException e) {
            LOG.warn("{}: its record cannot be written: {}", port, e.toString());
        }
    }

    private synchronized String name(String port) {
        int number = numbers.merge(port, 1, Integer::sum);
        return port + ".flight-" + (number == 1 ? 1 : 2 + number % (FILES_A_PORT - 1)) + ".json";
    }

    /** Writes one by request; returns where it is. */
    public static Path write(Map<String, Object> dump, Path folder, String name) throws IOException {
        Files.createDirectories(
                folder, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
        Path file = folder.resolve(name);
        Path fresh = folder.resolve(name + ".new");
        Files.deleteIfExists(fresh);
        Files.createFile(fresh, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
        Files.write(fresh, JSON.writerWithDefaultPrettyPrinter().writeValueAsBytes(dump));
        return Files.move(fresh, file, StandardCopyOption.REPLACE_EXISTING, StandardCopyOption.ATOMIC_MOVE);
    }
}
