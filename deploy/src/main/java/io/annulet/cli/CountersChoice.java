package io.annulet.cli;

import io.annulet.backend.stats.CountersFileReader;
import io.annulet.backend.stats.CountersPaths;
import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** Finds the counters file that a user means: the one that is named, or the only one of a running back-end. */
final class CountersChoice {

    private final Path directory;

    /** @param directory where back-ends put their files unless told otherwise */
    CountersChoice(Path directory) {
        this.directory = directory;
    }

    /** Opens the file at {@code named}, or without a name that of the back-end that runs. */
    CountersFileReader open(@Nullable Path named) throws IOException {
        return named != null ? openNamed(named) : openOnlyOne();
    }

    private static CountersFileReader openNamed(Path path) throws IOException {
        try {
            CountersFileReader reader = CountersFileReader.open(path);
            if (reader.isStale()) {
                reader.close();
                throw new CommandFailure(
                        "the back-end of " + path + " (pid " + reader.pid() + ") has ended without removing it",
                        "remove the file");
            }
            return reader;
        } catch (NoSuchFileException e) {
            throw new CommandFailure(path + " does not exist", "check that the back-end runs with this --counters", e);
        } catch (AccessDeniedException e) {
            throw new CommandFailure(path + " may not be read", "run as the user of the back-end", e);
        } catch (FileSystemException e) {
            throw new CommandFailure(path + ": " + e.getReason(), "name the counters file of a back-end", e);
        }
    }

    private CountersFileReader openOnlyOne() throws IOException {
        List<CountersFileReader> running = openRunning();
        if (running.size() == 1) {
            return running.getFirst();
        }
        String paths = running.stream().map(reader -> reader.path().toString()).collect(Collectors.joining(" or "));
        for (CountersFileReader reader : running) {
            reader.close();
        }
        throw running.isEmpty()
                ? new CommandFailure(
                        "no back-end of this user is running",
                        "start one with 'annulet run', or name its file with --counters PATH")
                : new CommandFailure("several back-ends are running", "choose with --counters " + paths);
    }

    private List<CountersFileReader> openRunning() throws IOException {
        List<CountersFileReader> running = new ArrayList<>();
        for (Path file : CountersPaths.filesIn(directory)) {
            try {
                CountersFileReader reader = CountersFileReader.open(file);
                if (reader.isStale()) {
                    reader.close();
                } else {
                    running.add(reader);
                }
            } catch (FileSystemException goneOrNone) {
                // A back-end that has just ended, or a file that is none of ours.
            }
        }
        return running;
    }
}
