package io.annulet.journey;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.annulet.linux.Capability;
import io.annulet.linux.Privileges;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/** A memory file system of its own that has no room left: files in it may be long, and have no pages. */
public final class FullFileSystem implements AutoCloseable {

    private static final Duration LIMIT = Duration.ofSeconds(30);
    private static final int BLOCK_BYTES = 4096;

    private final Path folder;

    private FullFileSystem(Path folder) {
        this.folder = folder;
    }

    /** Why there can be none here, or nothing. */
    public static Optional<String> obstacle() {
        return Privileges.has(Capability.CAP_SYS_ADMIN)
                ? Optional.empty()
                : Optional.of("mounting a file system needs CAP_SYS_ADMIN");
    }

    /** One of small pages, in which another file has taken all the room that there was. */
    public static FullFileSystem tmpfs() {
        FullFileSystem made = mount("tmpfs", "size=64k");
        try (OutputStream ballast = Files.newOutputStream(made.folder.resolve("ballast"))) {
            while (true) {
                ballast.write(new byte[BLOCK_BYTES]);
            }
        } catch (IOException full) {
            return made;
        }
    }

    /** One of huge pages whose pool is empty, whatever the machine has of them. */
    public static FullFileSystem hugePages() {
        return mount("hugetlbfs", "size=0");
    }

    private static FullFileSystem mount(String type, String options) {
        try {
            Path folder = Files.createTempDirectory("annulet-full");
            must("mount", "-t", type, "-o", options, "none", folder.toString());
            return new FullFileSystem(folder);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static void must(String... command) {
        try (Child program = Child.run(List.of(command))) {
            assertEquals(0, program.awaitEnd(LIMIT), () -> String.join(" ", command) + ": " + program.text());
        }
    }

    public Path folder() {
        return folder;
    }

    @Override
    public void close() {
        must("umount", "-l", folder.toString());
        try {
            Files.delete(folder);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
