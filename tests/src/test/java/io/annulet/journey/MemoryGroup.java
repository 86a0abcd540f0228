package io.annulet.journey;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;

/** A control group of its own (version 1 or 2) that bounds what a process may have charged to it from now on. */
public final class MemoryGroup implements AutoCloseable {

    private static final Path VERSION_1 = Path.of("/sys/fs/cgroup/memory");
    private static final Path VERSION_2 = Path.of("/sys/fs/cgroup");
    private static final Duration LIMIT = Duration.ofSeconds(20);

    private final Path folder;

    private MemoryGroup(Path folder) {
        this.folder = folder;
    }

    private static boolean isVersion1() {
        return Files.exists(VERSION_1.resolve("memory.limit_in_bytes"));
    }

    /** Why there can be none here, or nothing. */
    public static Optional<String> obstacle() {
        try (MemoryGroup tried = create(1L << 40)) {
            return Files.exists(tried.folder) ? Optional.empty() : Optional.of("no control group for memory");
        } catch (UncheckedIOException e) {
            return Optional.of("a control group for memory cannot be made: " + e.getMessage());
        }
    }

    /** One that may have so much. */
    public static MemoryGroup create(long bytes) {
        String name = "annulet-" + ProcessHandle.current().pid();
        MemoryGroup group = new MemoryGroup((isVersion1() ? VERSION_1 : VERSION_2).resolve(name));
        try {
            Files.createDirectories(group.folder);
            group.write(isVersion1() ? "memory.limit_in_bytes" : "memory.max", bytes);
            return group;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private void write(String file, long value) throws IOException {
        Files.writeString(folder.resolve(file), Long.toString(value));
    }

    /** What a process takes from now on is charged to this group. */
    public void add(long pid) {
        try {
            write("cgroup.procs", pid);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Bytes that are charged to it now. */
    public long used() {
        try {
            String file = isVersion1() ? "memory.usage_in_bytes" : "memory.current";
            return Long.parseLong(
                    Files.readAllLines(folder.resolve(file)).getFirst().strip());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** After its processes have ended. */
    @Override
    public void close() {
        Pause.until("the control group is empty", LIMIT, () -> {
            try {
                Files.deleteIfExists(folder);
                return true;
            } catch (IOException busy) {
                return false;
            }
        });
    }
}
