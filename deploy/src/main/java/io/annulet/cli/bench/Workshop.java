package io.annulet.cli.bench;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;

/** A folder for the sockets and logs of one comparison, gone when it is closed; used by the main thread. */
record Workshop(Path folder) implements AutoCloseable {

    static Workshop open() {
        try {
            return new Workshop(Files.createTempDirectory("annulet-bench-"));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    BackEndSockets sockets(String backEnd) {
        return new BackEndSockets(folder, backEnd);
    }

    Path log(String name) {
        return folder.resolve(name + ".log");
    }

    @Override
    public void close() {
        try {
            List<Path> all;
            try (Stream<Path> files = Files.walk(folder)) {
                all = files.sorted(Comparator.reverseOrder()).toList();
            }
            for (Path file : all) {
                Files.deleteIfExists(file);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
