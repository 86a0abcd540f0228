package io.annulet.backend;

import io.annulet.backend.control.StateFolder;
import io.annulet.backend.stats.CountersFile;
import io.annulet.backend.stats.CountersPaths;
import io.annulet.backend.stats.PortCounters;
import io.annulet.backend.stats.WorkerCounters;
import java.io.IOException;
import java.nio.file.Path;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The files that a back-end makes for itself: counters, and a folder for what outlives it; stateless. */
final class BackendFiles {

    private static final Logger LOG = LoggerFactory.getLogger(BackendFiles.class);

    private BackendFiles() {}

    static void prepareState(BackendOptions options, StateFolder state) {
        Path folder = options.state();
        try {
            if (folder != null) {
                CountersPaths.prepare(folder);
                state.removeForgotten();
            }
        } catch (IOException e) {
            throw new BackendException(
                    "make the folder for the state of ports " + folder + ": " + BackendException.reason(e)
                            + "; choose another one with --state FOLDER, or --state none",
                    e);
        }
    }

    /** @param isBeside whether another process has the file that was asked for, and will leave it: see {@link #take} */
    static CountersFile openCounters(BackendOptions options, boolean isBeside) {
        int room = options.roomForRows() * PortCounters.COUNT + options.workerCount() * WorkerCounters.COUNT;
        Path path = options.counters();
        try {
            if (path == null) {
                Path directory = CountersPaths.directory();
                CountersPaths.prepare(directory);
                CountersFile.removeStale(directory);
                path = CountersPaths.ofThisProcess(directory);
            }
            LOG.info("counters {}", path);
            return CountersFile.create(isBeside ? beside(path) : path, room);
        } catch (IOException e) {
            throw new BackendException(
                    "make the counters file " + (path == null ? CountersPaths.directory() : path) + ": "
                            + BackendException.reason(e) + "; choose another file with --counters PATH",
                    e);
        }
    }

    private static Path beside(Path path) {
        return path.resolveSibling(
                path.getFileName() + "." + ProcessHandle.current().pid());
    }

    /** Puts counters that were made beside another process's in their place. */
    static void take(BackendOptions options, CountersFile counters) {
        Path path = options.counters();
        try {
            if (path != null) {
                counters.moveTo(path);
            }
        } catch (IOException e) {
            LOG.warn("counters are in {}: {}", counters.path(), BackendException.reason(e));
        }
    }

    static void remove(CountersFile counters) {
        try {
            counters.close();
        } catch (IOException e) {
            LOG.warn("the counters file was not removed", e);
        }
    }
}
