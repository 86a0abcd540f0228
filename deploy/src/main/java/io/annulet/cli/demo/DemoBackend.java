package io.annulet.cli.demo;

import io.annulet.backend.Backend;
import io.annulet.backend.BackendOptions;
import io.annulet.backend.PortOptions;
import io.annulet.backend.control.VhostUserOptions;
import io.annulet.backend.data.PollMode;
import io.annulet.backend.stats.CountersFileReader;
import io.annulet.backend.stats.CountersPaths;
import io.annulet.backend.stats.CountersSnapshot;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.BitSet;
import java.util.List;

/** The back-end that is shown: the one that {@code annulet run} starts, in this process. */
final class DemoBackend implements AutoCloseable {

    private final Backend backend;

    private DemoBackend(Backend backend) {
        this.backend = backend;
    }

    /** Starts it; its counters are where {@code annulet stat} finds them. */
    static DemoBackend start(List<PortOptions> ports) {
        Backend backend = new Backend(new BackendOptions(ports, List.of(), 0, new BitSet(), PollMode.ADAPTIVE, null));
        backend.start();
        return new DemoBackend(backend);
    }

    static PortOptions guestPort(String name, Path socket) {
        return new PortOptions.Guest(VhostUserOptions.server(name, socket));
    }

    /** Reads the counters out of their file, as another process would. */
    CountersSnapshot counters() {
        try (CountersFileReader reader =
                CountersFileReader.open(CountersPaths.ofThisProcess(CountersPaths.directory()))) {
            return reader.snapshot();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public void close() {
        backend.close();
    }
}
