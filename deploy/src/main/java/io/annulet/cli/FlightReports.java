package io.annulet.cli;

import io.annulet.backend.Backend;
import io.annulet.backend.control.FlightFiles;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Writes the records of all ports because somebody asks; on a thread that may wait. */
final class FlightReports {

    private static final Logger LOG = LoggerFactory.getLogger(FlightReports.class);
    private static final long PATIENCE_SECONDS = 5;

    private FlightReports() {}

    static void write(Backend backend, Path folder) {
        backend.flights("it was asked for").forEach((port, flight) -> write(port, flight, folder));
    }

    private static void write(String port, CompletableFuture<Map<String, Object>> flight, Path folder) {
        try {
            String name = port + ".flight-asked-" + ProcessHandle.current().pid() + ".json";
            Map<String, Object> dump = flight.get(PATIENCE_SECONDS, TimeUnit.SECONDS);
            LOG.info("{}: its record is in {}", port, FlightFiles.write(dump, folder, name));
        } catch (IOException | ExecutionException | TimeoutException e) {
            LOG.warn("{}: its record cannot be written: {}; see that {} can be written", port, e.toString(), folder);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
