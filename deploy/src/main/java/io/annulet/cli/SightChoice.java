package io.annulet.cli;

import io.annulet.backend.Backend;
import io.annulet.backend.capture.CaptureOptions;
import io.annulet.backend.config.CaptureSpec;
import io.annulet.backend.stats.CountersPaths;
import io.annulet.linux.ProcessSignals;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** What is to be seen of a back-end while it runs: options of {@code annulet run}. */
final class SightChoice {

    private static final Logger LOG = LoggerFactory.getLogger(SightChoice.class);

    @Option(
            names = "--capture",
            paramLabel = "FILE[,option=value]...",
            description = "Frames into a pcapng file while all else goes on; see below.")
    private List<String> captures = List.of();

    @Option(
            names = "--recorder",
            paramLabel = "FOLDER",
            description =
                    "Where a port's last messages are written when its front-end does something wrong, and at SIGUSR2"
                            + " (default: at SIGUSR2 only, beside the counters).")
    private @Nullable Path recorder;

    @Spec(Spec.Target.MIXEE)
    private CommandSpec spec;

    /** Sees to it before the back-end is started; returns the back-end. */
    Backend begin(Backend backend) {
        captureOptions().forEach(backend.captures()::start);
        if (recorder != null) {
            backend.recordTo(recorder);
        }
        Path folder = recorder == null ? CountersPaths.directory() : recorder;
        if (!ProcessSignals.handle("USR2", () -> FlightReports.write(backend, folder))) {
            LOG.warn("SIGUSR2 is not free: records of ports are not written at it");
        }
        return backend;
    }

    /** Whether frames are captured. */
    boolean captures() {
        return !captures.isEmpty();
    }

    /** Files that are made while it runs. */
    List<Path> files() {
        List<Path> files = new ArrayList<>();
        captureOptions().forEach(capture -> files.add(Path.of(capture.file())));
        if (recorder != null) {
            files.add(recorder);
        }
        return files;
    }

    private List<CaptureOptions> captureOptions() {
        try {
            return captures.stream().map(CaptureSpec::parse).toList();
        } catch (IllegalArgumentException e) {
            throw new ParameterException(spec.commandLine(), String.valueOf(e.getMessage()), e);
        }
    }
}
