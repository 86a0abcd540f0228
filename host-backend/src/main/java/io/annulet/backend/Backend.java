package io.annulet.backend;

import io.annulet.backend.control.ControlLoop;
import io.annulet.backend.control.GuestEndpoint;
import io.annulet.backend.data.Forwarder;
import io.annulet.backend.data.Link;
import io.annulet.backend.data.Switch;
import io.annulet.backend.data.SwitchTable;
import io.annulet.backend.data.Worker;
import io.annulet.backend.data.WorkerIdle;
import io.annulet.backend.data.WorkerProxy;
import io.annulet.backend.port.LoopbackPort;
import io.annulet.backend.port.PcapPort;
import io.annulet.backend.port.PcapPortOptions;
import io.annulet.backend.port.Port;
import io.annulet.backend.port.SharedPort;
import io.annulet.backend.port.TapPort;
import io.annulet.backend.stats.CountersFile;
import io.annulet.backend.stats.CountersPaths;
import io.annulet.backend.stats.PortCounters;
import io.annulet.backend.stats.WorkerCounters;
import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Supplier;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The composition root: puts counters, control loop, workers and ports together and takes them apart again. Started and
 * closed by any thread, one at a time.
 *
 * <p>Straight links and the switch are the forwarding domains. The workers are shared out among them, and each port has a
 * shard for every worker of its domain. The ports of a domain begin at different workers, so that their queues spread.
 */
public final class Backend implements AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(Backend.class);

    /** VIRTIO 1.2, "Split Virtqueues" and "Packed Virtqueues": the largest Queue Size. */
    private static final int MAX_RING_SIZE = 32_768;

    private static final long START_NANOS = TimeUnit.SECONDS.toNanos(10);

    /** All of closing; a service manager, and the user, count on two seconds. */
    private static final long CLOSE_NANOS = TimeUnit.MILLISECONDS.toNanos(1_500);

    /** Room for counters that ports may get while the back-end runs. */
    private static final int SPARE_COUNTERS = 64;

    /** A port as its shards and their workers, and what has to be closed once the workers have left it. */
    private record Membership(
            List<? extends Port> shards,
            List<WorkerProxy> workers,
            @Nullable AutoCloseable resource) {

        String name() {
            return shards.getFirst().name();
        }
    }

    /** A domain's workers and what forwards for each of them. */
    private record Domain(List<WorkerProxy> workers, List<Forwarder> forwarders) {}

    private final BackendOptions options;
    private final List<WorkerThread> workers = new ArrayList<>();
    private final List<Membership> members = new ArrayList<>();
    private final List<GuestEndpoint> endpoints = new ArrayList<>();
    private final Map<String, String> interfaceNames = new HashMap<>();
    private @Nullable CountersFile counters;
    private @Nullable ControlLoop control;
    private boolean used;

    public Backend(BackendOptions options) {
        this.options = options;
    }

    /**
     * Opens everything. When this returns, every port is open.
     *
     * @throws BackendException if something cannot be opened; what was opened before is closed again
     */
    public synchronized void start() {
        if (used) {
            throw new IllegalStateException("a back-end is started once");
        }
        used = true;
        boolean started = false;
        try {
            open();
            started = true;
        } finally {
            if (!started) {
                close();
            }
        }
    }

    /** The interface of each tap port, by the port's name, as the kernel completed it. */
    public synchronized Map<String, String> interfaceNames() {
        return Map.copyOf(interfaceNames);
    }

    private void open() {
        options.lines().forEach(LOG::info);
        if (!options.unusedCpus().isEmpty()) {
            LOG.warn("processors {} have nothing to do: there are fewer workers", options.unusedCpus());
        }
        CountersFile openedCounters = openCounters();
        counters = openedCounters;
        ControlLoop openedControl = new ControlLoop();
        control = openedControl;
        startWorkers(openedCounters, openedControl);
        int domain = 0;
        for (LinkOptions link : options.links()) {
            List<PortOptions> ends = options.ports().stream()
                    .filter(port -> link.joins(port.name()))
                    .toList();
            openPorts(domain(domain++, Link::new), ends, openedCounters, openedControl);
        }
        if (!options.switchedPorts().isEmpty()) {
            SwitchTable table = new SwitchTable(options.policies());
            Domain network = domain(domain, () -> new Switch(table));
            openPorts(network, options.switchedPorts(), openedCounters, openedControl);
        }
        List<CompletableFuture<Void>> listening =
                endpoints.stream().map(GuestEndpoint::start).toList();
        for (int i = 0; i < listening.size(); i++) {
            await(listening.get(i), "open port " + endpoints.get(i).options().name());
        }
    }

    private CountersFile openCounters() {
        int room =
                options.portRows() * PortCounters.COUNT + options.workerCount() * WorkerCounters.COUNT + SPARE_COUNTERS;
        Path path = options.counters();
        try {
            if (path == null) {
                Path directory = CountersPaths.directory();
                CountersPaths.prepare(directory);
                CountersFile.removeStale(directory);
                path = CountersPaths.ofThisProcess(directory);
            }
            LOG.info("counters {}", path);
            return CountersFile.create(path, room);
        } catch (IOException e) {
            throw new BackendException(
                    "make the counters file " + (path == null ? CountersPaths.directory() : path) + ": " + reason(e)
                            + "; choose another file with --counters PATH",
                    e);
        }
    }

    private static String reason(IOException e) {
        if (e instanceof FileAlreadyExistsException) {
            return "it is there already";
        }
        String reason = e instanceof FileSystemException known ? known.getReason() : e.getMessage();
        return reason != null ? reason : e.getClass().getSimpleName().replace("Exception", "");
    }

    private void startWorkers(CountersFile file, ControlLoop loop) {
        List<Integer> cpus = options.workerCpus();
        for (int i = 0; i < options.workerCount(); i++) {
            String name = "worker-" + i;
            Worker worker = new Worker(name, MAX_RING_SIZE);
            WorkerErrors errors = new WorkerErrors(name, new WorkerCounters(file.manager(), name), loop::execute);
            Integer cpu = cpus.isEmpty() ? null : cpus.get(i);
            WorkerThread thread = new WorkerThread(
                    worker, new WorkerProxy(worker), new WorkerIdle(worker, options.poll()), cpu, errors);
            workers.add(thread);
            await(thread.start(), "start " + name);
        }
    }

    private Domain domain(int number, Supplier<Forwarder> forwarder) {
        List<WorkerProxy> its = options.workersOf(number).stream()
                .map(worker -> workers.get(worker).proxy())
                .toList();
        return new Domain(its, Stream.generate(forwarder).limit(its.size()).toList());
    }

    private void openPorts(Domain domain, List<PortOptions> ports, CountersFile file, ControlLoop loop) {
        int home = 0;
        for (PortOptions port : replaysLast(ports)) {
            List<PortCounters> rows = domain.workers().stream()
                    .map(worker -> new PortCounters(file.manager(), port.name()))
                    .toList();
            Membership member = open(port, domain.workers(), home, rows, loop);
            members.add(member);
            for (int i = 0; i < domain.workers().size(); i++) {
                CompletableFuture<Void> added = new CompletableFuture<>();
                domain.workers()
                        .get(i)
                        .addPort(member.shards().get(i), domain.forwarders().get(i), () -> added.complete(null));
                await(added, "give port " + port.name() + " to its worker");
            }
            home = (home + 1) % domain.workers().size();
        }
    }

    /** A replay begins at once, so the ports that its frames go to are there before it. */
    private static List<PortOptions> replaysLast(List<PortOptions> ports) {
        return ports.stream()
                .sorted(Comparator.comparing(port -> port instanceof PortOptions.Pcap pcap
                        && pcap.options().direction() == PcapPortOptions.Direction.READ))
                .toList();
    }

    private Membership open(
            PortOptions options, List<WorkerProxy> its, int home, List<PortCounters> rows, ControlLoop loop) {
        try {
            return switch (options) {
                case PortOptions.Guest guest -> {
                    GuestEndpoint endpoint = new GuestEndpoint(guest.options(), loop, its, home, rows);
                    endpoints.add(endpoint);
                    yield new Membership(endpoint.port().shards(), its, null);
                }
                case PortOptions.Tap tap -> {
                    List<TapPort> shards = TapPort.openShared(tap.name(), tap.options(), home, rows);
                    interfaceNames.put(tap.name(), shards.getFirst().interfaceName());
                    yield new Membership(shards, its, shards.getFirst());
                }
                case PortOptions.Pcap pcap -> {
                    PcapPort port = PcapPort.open(pcap.name(), pcap.options(), rows.get(home));
                    yield new Membership(SharedPort.of(port, home, its, rows), its, port);
                }
                case PortOptions.Loopback loopback -> {
                    Port port = new LoopbackPort(loopback.name(), rows.get(home));
                    yield new Membership(SharedPort.of(port, home, its, rows), its, null);
                }
            };
        } catch (RuntimeException e) {
            throw new BackendException("open port " + options.name() + ": " + e.getMessage(), e);
        }
    }

    private static void await(CompletableFuture<Void> future, String action) {
        try {
            future.get(START_NANOS, TimeUnit.NANOSECONDS);
        } catch (ExecutionException e) {
            Throwable cause = e.getCause();
            throw new BackendException(action + ": " + (cause == null ? e : cause).getMessage(), cause);
        } catch (TimeoutException e) {
            throw new BackendException(action + ": no answer in time; the log may say why", e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new BackendException(action + ": interrupted", e);
        }
    }

    /**
     * Closes everything in order, each thing once nobody uses it any more: sessions and sockets, ports, workers, the
     * control loop, the counters. Takes at most two seconds; what does not end in time is logged and left.
     */
    @Override
    public synchronized void close() {
        long deadlineNanos = System.nanoTime() + CLOSE_NANOS;
        awaitEnd(endpoints.stream().map(GuestEndpoint::close).toList(), deadlineNanos, "sessions");
        endpoints.clear();
        awaitEnd(members.stream().flatMap(Backend::leave).toList(), deadlineNanos, "ports");
        members.forEach(Backend::release);
        members.clear();
        workers.forEach(worker -> stop(worker, deadlineNanos));
        workers.clear();
        if (control != null) {
            control.close();
            control = null;
        }
        if (counters != null) {
            remove(counters);
            counters = null;
        }
    }

    private static Stream<CompletableFuture<Void>> leave(Membership member) {
        return IntStream.range(0, member.workers().size()).mapToObj(i -> {
            CompletableFuture<Void> left = new CompletableFuture<>();
            member.workers().get(i).removePort(member.shards().get(i), () -> left.complete(null));
            return left;
        });
    }

    private static void release(Membership member) {
        AutoCloseable resource = member.resource();
        if (resource == null) {
            return;
        }
        try {
            resource.close();
        } catch (Exception e) {
            LOG.warn("port {} did not close", member.name(), e);
        }
    }

    private static void stop(WorkerThread worker, long deadlineNanos) {
        try {
            if (!worker.stop(Duration.ofNanos(Math.max(1, deadlineNanos - System.nanoTime())))) {
                LOG.warn("a worker did not end in time");
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private static void remove(CountersFile file) {
        try {
            file.close();
        } catch (IOException e) {
            LOG.warn("the counters file was not removed", e);
        }
    }

    private static void awaitEnd(List<CompletableFuture<Void>> ends, long deadlineNanos, String what) {
        try {
            CompletableFuture.allOf(ends.toArray(CompletableFuture[]::new))
                    .get(Math.max(1, deadlineNanos - System.nanoTime()), TimeUnit.NANOSECONDS);
        } catch (ExecutionException | TimeoutException e) {
            LOG.warn("{} did not end in time", what, e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
