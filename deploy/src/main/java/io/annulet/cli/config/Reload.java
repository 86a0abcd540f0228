package io.annulet.cli.config;

import io.annulet.backend.Backend;
import io.annulet.backend.BackendException;
import io.annulet.backend.Difference;
import io.annulet.linux.ProcessSignals;
import java.nio.file.Path;
import java.util.function.Function;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Has a back-end go over to what its configuration file says now, by a command or by SIGHUP; called by any thread, and makes
 * one change after the other.
 */
public final class Reload {

    private static final Logger LOG = LoggerFactory.getLogger(Reload.class);

    private final Path file;
    private final Backend backend;
    private final Function<RunSettings, RunSettings> completed;
    private RunSettings now;

    /**
     * @param completed what a file says together with the command line
     * @param now what the back-end was started with
     */
    public Reload(Path file, Backend backend, Function<RunSettings, RunSettings> completed, RunSettings now) {
        this.file = file;
        this.backend = backend;
        this.completed = completed;
        this.now = now;
    }

    /**
     * Reads the file, and makes the difference. Nothing is changed if anything of it cannot be.
     *
     * @throws BackendException if the file cannot be used, with all that is wrong with it, or the change cannot be made
     */
    public synchronized Difference reload() {
        RunSettings next;
        try {
            next = completed.apply(ConfigFile.read(file));
        } catch (ConfigException | IllegalArgumentException e) {
            throw new BackendException(String.valueOf(e.getMessage()), e);
        }
        if (!next.hasSameSurroundings(now)) {
            throw new BackendException(
                    "channels, fd-holder, api and sandbox cannot change while the back-end runs: leave them as they were, or"
                            + " restart",
                    null);
        }
        Difference difference = backend.change(running -> next.backendOptions(true));
        now = next;
        LOG.info("reloaded {}: {}", file, difference);
        return difference;
    }

    /** From now on SIGHUP, which would end the process, has it reload. */
    public void onSignal() {
        boolean isOurs = ProcessSignals.handle("HUP", () -> {
            try {
                reload();
            } catch (RuntimeException e) {
                LOG.error("not reloaded: {}", e.getMessage());
            }
        });
        if (!isOurs) {
            LOG.warn("SIGHUP does not reload: the JVM keeps the signal to itself; leave out -Xrs");
        }
    }
}
