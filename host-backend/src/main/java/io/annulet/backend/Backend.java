package io.annulet.backend;

import io.annulet.backend.capture.Captures;
import io.annulet.backend.control.ControlLoop;
import io.annulet.backend.control.FlightFiles;
import io.annulet.backend.control.GuestEndpoint;
import io.annulet.backend.control.PortBudget;
import io.annulet.backend.control.StateFolder;
import io.annulet.backend.data.Worker;
import io.annulet.backend.data.WorkerIdle;
import io.annulet.backend.data.WorkerProxy;
import io.annulet.backend.handover.HandoverException;
import io.annulet.backend.handover.Taking;
import io.annulet.backend.port.HostAccess;
import io.annulet.backend.stats.CountersFile;
import io.annulet.backend.stats.WorkerCounters;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.UnaryOperator;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The composition root: puts counters, control loop, workers and ports together, changes them while they run, and takes them
 * apart again. Started, changed and closed by any thread, one at a time; what it tells of itself may be read meanwhile.
 *
 * <p>Straight links and switches are the forwarding domains. The workers are shared out among them, and each port has a
 * shard for every worker of its domain. The ports of a domain begin at different workers, so that their queues spread.
 */
public final class Backend implements AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(Backend.class);

    /** VIRTIO 1.2, "Split Virtqueues" and "Packed Virtqueues": the largest Queue Size. */
    private static final int MAX_RING_SIZE = 32_768;

    /** All of closing; a service manager, and the user, count on two seconds. */
    private static final long CLOSE_NANOS = TimeUnit.MILLISECONDS.toNanos(1_500);

    private final BackendOptions options;
    private final List<WorkerThread> workers = new ArrayList<>();
    private final StateFolder state;
    private final HostAccess access;
    private final Captures captures;
    private @Nullable CountersFile counters;
    private @Nullable PortMove moves;
    private @Nullable ControlLoop control;
    private volatile @Nullable OpenPorts open;
    private volatile BackendOptions running;
    private volatile @Nullable Path countersPath;

    /** Held by whoever changes the ports, or hands them over. */
    private final ReentrantLock changes = new ReentrantLock();

    private final CompletableFuture<Void> handedOver = new CompletableFuture<>();
    private @Nullable GivingBackend giving;
    private @Nullable TakenBackend taken;
    private Runnable warming = () -> {};
    private boolean stays;
    private boolean used;

    public Backend(BackendOptions options) {
        this(options, HostAccess.DIRECT);
    }

    /** @param access opens what needs rights */
    public Backend(BackendOptions options, HostAccess access) {
        this.options = options;
        this.access = access;
        this.running = options.withoutPorts();
        this.state = new StateFolder(options.state(), options.crashWait());
        this.captures = new Captures(options.workerCount());
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
            if (taken != null) {
                taken.close();
                taken = null;
            }
        }
    }

    /**
     * Asks the back-end that runs with the same arguments for everything that it serves; {@link #start} takes it then. What
     * the caller does between the two costs no guest anything.
     *
     * @throws HandoverException if there is none, or it cannot be taken over
     */
    public synchronized void takeOver() {
        String obstacle = GivingBackend.obstacle(options);
        Path door = GivingBackend.doorOf(options);
        if (obstacle != null || door == null) {
            throw new HandoverException(obstacle != null ? obstacle : "there is no folder of state to find it by");
        }
        taken = new TakenBackend(Taking.begin(door, Parts.names(options)));
    }

    /** No process can take over from this back-end. Before it is started. */
    public synchronized void stay() {
        stays = true;
    }

    /** Run before this back-end is given up, to have compiled what the pause consists of. Before it is started. */
    public synchronized void warmBy(Runnable rehearsal) {
        warming = rehearsal;
    }

    /** Completes when another process has taken over: closing this back-end then changes nothing for anybody. */
    public CompletableFuture<Void> handedOver() {
        return handedOver.copy();
    }

    // What it tells of itself, to any thread.

    /** As it is configured now. */
    public BackendOptions options() {
        return running;
    }

    /** The ports that are open. */
    public List<OpenPort> ports() {
        OpenPorts current = open;
        return current == null ? List.of() : current.ports();
    }

    /** The links and switches that have ports. */
    public List<Domain> domains() {
        OpenPorts current = open;
        return current == null ? List.of() : current.domains();
    }

    /** The names of the threads that move frames. */
    public List<String> workerNames() {
        return IntStream.range(0, options.workerCount())
                .mapToObj(number -> "worker-" + number)
                .toList();
    }

    /** The file of the counters; null before the start. */
    public @Nullable Path countersPath() {
        return countersPath;
    }

    /** The interface of each tap port, by the port's name, as the kernel completed it. */
    public Map<String, String> interfaceNames() {
        Map<String, String> names = new HashMap<>();
        ports().forEach(port -> names.computeIfAbsent(port.name(), name -> port.interfaceName()));
        return names;
    }

    /**
     * Goes over to another configuration, which differs in its ports and links only. Ports that are the same in both are not
     * touched; all of the difference is made, or nothing.
     *
     * @param step from the configuration that runs to the next
     * @return what was different
     * @throws BackendException if that is not possible; the message says why
     */
    public synchronized Difference change(UnaryOperator<BackendOptions> step) {
        BackendOptions next = step.apply(running);
        OpenPorts current = open;
        if (current == null) {
            throw new BackendException("the back-end does not run", null);
        }
        options.checkOnlyPortsDiffer(next);
        checkRoom(current, next);
        if (!changes.tryLock()) {
            throw new BackendException("another process is about to take over; ask that one", null);
        }
        try {
            Difference difference = new PortChange(current, running, next).apply();
            running = next;
            if (!difference.isNone()) {
                LOG.info("changed: {}", difference);
            }
            return difference;
        } finally {
            changes.unlock();
        }
    }

    private void checkRoom(OpenPorts current, BackendOptions next) {
        int rows = 0;
        for (PortOptions port : next.ports()) {
            Domain.Key key = next.domainOf(port);
            int shards = current.workersOf(key).size();
            if (port instanceof PortOptions.Nic && shards > 1) {
                throw new BackendException(
                        "port " + port.name() + ": a NIC is worked by one worker, and the " + key + " has " + shards
                                + "; put it at another switch or link",
                        null);
            }
            rows += shards;
        }
        if (rows > options.roomForRows()) {
            throw new BackendException(
                    "there is room for the counters of " + options.roomForRows() + " ports and workers, and this needs "
                            + rows + "; restart the back-end to make more",
                    null);
        }
    }

    /** What carries ports to other back-ends and from them; null unless it runs. */
    public synchronized @Nullable PortMove moves() {
        return moves;
    }

    /** Whether it works, and whether anybody can still come. Once it is started. */
    public synchronized BackendWatch watch() {
        return new BackendWatch(
                Objects.requireNonNull(control),
                workers.stream().map(WorkerThread::proxy).toList(),
                ports().stream()
                        .map(OpenPort::endpoint)
                        .filter(Objects::nonNull)
                        .map(GuestEndpoint::lost)
                        .toList());
    }

    /** What looks at its frames; captures that are begun before the back-end is started see the first frame. */
    public Captures captures() {
        return captures;
    }

    /** From the start on, records of ports are written there when something is wrong. */
    public void recordTo(Path folder) {
        state.recordTo(new FlightFiles(folder));
    }

    /** What happened last between each port and its front-ends, by the ports' names. */
    public Map<String, CompletableFuture<Map<String, Object>>> flights(String why) {
        Map<String, CompletableFuture<Map<String, Object>>> flights = new HashMap<>();
        for (OpenPort port : ports()) {
            GuestEndpoint endpoint = port.endpoint();
            if (endpoint != null) {
                flights.put(port.name(), endpoint.flight(why));
            }
        }
        return flights;
    }

    private void open() {
        options.lines().forEach(LOG::info);
        if (!options.unusedCpus().isEmpty()) {
            LOG.warn("processors {} have nothing to do: there are fewer workers", options.unusedCpus());
        }
        BackendFiles.prepareState(options, state);
        CountersFile openedCounters = BackendFiles.openCounters(options, taken != null && options.counters() != null);
        counters = openedCounters;
        countersPath = openedCounters.path();
        ControlLoop openedControl = new ControlLoop();
        control = openedControl;
        startWorkers(openedCounters, openedControl);
        captures.attach(workers.stream().map(WorkerThread::proxy).toList());
        OpenPorts ports = new OpenPorts(
                workers.stream().map(WorkerThread::proxy).toList(),
                new PortOpener(
                        openedCounters,
                        openedControl,
                        state,
                        PortBudget.ofThisProcess(options.ports().size()),
                        access,
                        taken));
        open = ports;
        Parts parts = new Parts(
                options,
                workers.stream().map(WorkerThread::proxy).toList(),
                ports,
                openedCounters,
                openedControl,
                state);
        moves = new PortMove(parts, changes);
        ports.leaveUnstarted(taken != null);
        if (taken != null) {
            parts.hold(true);
        }
        List<Domain.Key> domains = options.domains();
        for (int i = 0; i < domains.size(); i++) {
            ports.addDomain(domains.get(i), options.workersOf(i));
        }
        if (taken == null) {
            state.expectPorts((int) options.ports().stream()
                    .filter(PortOptions.Guest.class::isInstance)
                    .count());
        }
        new PortChange(ports, running, options).apply();
        running = options;
        ports.leaveUnstarted(false);
        goOn(new GivingBackend(parts, changes, () -> running, warming, () -> handedOver.complete(null)), parts);
    }

    /** Takes over from the process before, if there is one, and from then on may be taken over from. */
    private void goOn(GivingBackend giver, Parts parts) {
        TakenBackend before = taken;
        if (before != null) {
            before.finish(parts);
            BackendFiles.take(options, parts.counters());
            countersPath = parts.counters().path();
            LOG.info("{}", before);
        }
        if (!stays) {
            giver.open(before == null ? null : before.door());
        }
        giving = giver;
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
            OpenPorts.await(thread.start(), "start " + name);
        }
    }

    /**
     * Closes everything in order, each thing once nobody uses it any more: sessions and sockets, ports, workers, the
     * control loop, the counters. Takes at most two seconds; what does not end in time is logged and left.
     */
    @Override
    public synchronized void close() {
        long deadlineNanos = System.nanoTime() + CLOSE_NANOS;
        if (giving != null) {
            giving.close();
            giving = null;
        }
        OpenPorts current = open;
        open = null;
        if (current != null) {
            awaitEnd(
                    current.ports().stream()
                            .map(OpenPort::endpoint)
                            .filter(Objects::nonNull)
                            .map(GuestEndpoint::close)
                            .toList(),
                    deadlineNanos,
                    "sessions");
            awaitEnd(current.ports().stream().map(OpenPort::leave).toList(), deadlineNanos, "ports");
            current.releaseAll();
        }
        workers.forEach(worker -> worker.stopBy(deadlineNanos));
        workers.clear();
        captures.close();
        if (control != null) {
            control.close();
            control = null;
        }
        if (counters != null) {
            BackendFiles.remove(counters);
            counters = null;
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
