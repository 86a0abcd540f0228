package io.annulet.cli.demo;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;

/** A folder for sockets and logs, which goes when it is closed unless somebody should read the logs; any thread may. */
final class WorkFolder implements AutoCloseable {

    private final Path path;
    private volatile boolean isKept;

    private WorkFolder(Path path) {
        this.path = path;
    }

    static WorkFolder create() {
        try {
            return new WorkFolder(Files.createTempDirectory(
                    "annulet-demo-" + ProcessHandle.current().pid() + "-"));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    Path path() {
        return path;
    }

    /** The vhost-user socket of a port. */
    Path socket(String port) {
        return path.resolve(port + ".sock");
    }

    void keep() {
        isKept = true;
    }

    @Override
    public void close() throws IOException {
        if (isKept) {
            return;
        }
        List<Path> all;
        try (Stream<Path> files = Files.walk(path)) {
            all = files.sorted(Comparator.reverseOrder()).toList();
        }
        for (Path file : all) {
            Files.deleteIfExists(file);
        }
    }
}
