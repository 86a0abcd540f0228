package io.annulet.backend;

import io.annulet.backend.control.GuestEndpoint;
import io.annulet.backend.control.SessionStatus;
import io.annulet.backend.policy.PortPolicy;
import io.annulet.backend.port.NicDevice;
import io.annulet.backend.port.NicStatus;
import io.annulet.backend.port.Port;
import io.annulet.backend.stats.PortCounters;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A port that is open: its shards and their workers, and what has to be closed once the workers have left it. Changed by the
 * composition root only; asked by any thread.
 */
public final class OpenPort {

    private static final Logger LOG = LoggerFactory.getLogger(OpenPort.class);

    private final Domain domain;
    private final List<PortCounters> rows;
    private final List<? extends Port> shards;
    private final @Nullable GuestEndpoint endpoint;
    private final @Nullable AutoCloseable resource;
    private final @Nullable String interfaceName;
    private volatile PortOptions options;

    OpenPort(
            PortOptions options,
            Domain domain,
            List<PortCounters> rows,
            List<? extends Port> shards,
            @Nullable GuestEndpoint endpoint,
            @Nullable AutoCloseable resource,
            @Nullable String interfaceName) {
        this.options = options;
        this.domain = domain;
        this.rows = List.copyOf(rows);
        this.shards = List.copyOf(shards);
        this.endpoint = endpoint;
        this.resource = resource;
        this.interfaceName = interfaceName;
    }

    public String name() {
        return options.name();
    }

    /** As it is configured now. */
    public PortOptions options() {
        return options;
    }

    public Domain domain() {
        return domain;
    }

    /** The port's socket and session; null unless it is a guest's. */
    public @Nullable GuestEndpoint endpoint() {
        return endpoint;
    }

    /** What the front-end of a guest's port has set up; null for other kinds. */
    public @Nullable SessionStatus session() {
        return endpoint == null ? null : endpoint.status();
    }

    /** The interface of a tap, as the kernel completed its name; null for other kinds. */
    public @Nullable String interfaceName() {
        return interfaceName;
    }

    /** How the NIC of a port is doing; null for other kinds. */
    public @Nullable NicStatus nic() {
        return resource instanceof NicDevice device ? device.status() : null;
    }

    // For the composition root.

    @Nullable
    AutoCloseable resource() {
        return resource;
    }

    /** Gives the shards to their workers; completes when all have them. */
    CompletableFuture<Void> join() {
        return forEachWorker((worker, done) -> domain.workers()
                .get(worker)
                .addPort(shards.get(worker), domain.forwarders().get(worker), done));
    }

    /** Takes the shards from their workers; completes when none touches the port any more. */
    CompletableFuture<Void> leave() {
        return forEachWorker((worker, done) -> domain.workers().get(worker).removePort(shards.get(worker), done));
    }

    /** From now on, as soon as it completes, the port may do what this policy says. */
    CompletableFuture<Void> changePolicy(PortOptions changed) {
        options = changed;
        return forEachWorker((worker, done) -> domain.workers()
                .get(worker)
                .changePolicy(shards.get(worker), domain.forwarders().get(worker), done));
    }

    PortPolicy policy() {
        return options.policy();
    }

    private interface Command {
        void give(int worker, Runnable done);
    }

    private CompletableFuture<Void> forEachWorker(Command command) {
        Stream<CompletableFuture<Void>> all = IntStream.range(0, shards.size()).mapToObj(worker -> {
            CompletableFuture<Void> done = new CompletableFuture<>();
            command.give(worker, () -> done.complete(null));
            return done;
        });
        return CompletableFuture.allOf(all.toArray(CompletableFuture[]::new));
    }

    /** Lets go of what the port holds, after its workers have left it. */
    void release() {
        if (resource != null) {
            try {
                resource.close();
            } catch (Exception e) {
                LOG.warn("port {} did not close", name(), e);
            }
        }
    }

    /** Gives the places of its counters back, after its workers have left it and its session has ended. */
    void forgetCounters() {
        rows.forEach(PortCounters::close);
    }
}
