package io.annulet.backend;

import io.annulet.backend.control.ControlLoop;
import io.annulet.backend.control.GuestEndpoint;
import io.annulet.backend.control.PortHandover;
import io.annulet.backend.control.StateFolder;
import io.annulet.backend.data.SwitchTable;
import io.annulet.backend.data.WorkerProxy;
import io.annulet.backend.handover.Giver;
import io.annulet.backend.handover.HandoverException;
import io.annulet.backend.stats.CountersFile;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.BiConsumer;
import java.util.function.Function;

/**
 * What a back-end consists of, as far as it is handed over; immutable. */
record Parts(
        BackendOptions options,
        List<WorkerProxy> workers,
        OpenPorts ports,
        CountersFile counters,
        ControlLoop control,
        StateFolder state) {

    /** For a step that workers or the control thread make; they never wait for others. */
    private static final Duration STEP = Duration.ofSeconds(5);

    /** The ports of guests. */
    List<GuestEndpoint> endpoints() {
        return ports.ports().stream()
                .map(OpenPort::endpoint)
                .filter(Objects::nonNull)
                .toList();
    }

    /** What is known of each switch. */
    List<SwitchTable> tables() {
        return ports.domains().stream()
                .map(Domain::table)
                .filter(Objects::nonNull)
                .toList();
    }

    /** The ports, as both sides of a hand-over name them. */
    static List<Giver.PortName> names(BackendOptions options) {
        return options.ports().stream().map(Parts::name).toList();
    }

    private static Giver.PortName name(PortOptions port) {
        return switch (port) {
            case PortOptions.Guest guest ->
                new Giver.PortName(
                        port.name(),
                        "vhost-user",
                        guest.options().socket().toAbsolutePath().normalize().toString());
            case PortOptions.Tap tap ->
                new Giver.PortName(port.name(), "tap", tap.options().interfaceName());
            case PortOptions.Loopback loopback -> new Giver.PortName(port.name(), "loopback", "");
            default -> new Giver.PortName(port.name(), port.getClass().getSimpleName(), port.claim());
        };
    }

    /** Does something with every guest's port at a time, and waits until all are done. */
    void each(Function<PortHandover, CompletableFuture<Void>> step) {
        all(endpoints().stream()
                .map(endpoint -> step.apply(endpoint.handover()))
                .toList());
    }

    /** Has the workers visit their ports no more, or again. */
    void hold(boolean hold) {
        eachWorker((worker, done) -> worker.hold(hold, done));
    }

    private void eachWorker(BiConsumer<WorkerProxy, Runnable> step) {
        all(workers.stream()
                .map(worker -> {
                    CompletableFuture<Void> done = new CompletableFuture<>();
                    step.accept(worker, () -> done.complete(null));
                    return done;
                })
                .toList());
    }

    static void all(List<CompletableFuture<Void>> steps) {
        await(CompletableFuture.allOf(steps.toArray(CompletableFuture[]::new)));
    }

    static <T> T await(CompletableFuture<T> step) {
        try {
            return step.get(STEP.toNanos(), TimeUnit.NANOSECONDS);
        } catch (ExecutionException e) {
            throw new HandoverException(
                    String.valueOf(e.getCause() == null ? e : e.getCause().getMessage()));
        } catch (TimeoutException e) {
            throw new HandoverException("not done in " + STEP.toSeconds() + " s; the log may say why");
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new HandoverException("interrupted");
        }
    }
}
