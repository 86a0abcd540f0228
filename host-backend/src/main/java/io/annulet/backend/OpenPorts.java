package io.annulet.backend;

import io.annulet.backend.control.GuestEndpoint;
import io.annulet.backend.data.SwitchTable;
import io.annulet.backend.data.WorkerProxy;
import io.annulet.backend.port.NicDevice;
import io.annulet.backend.port.XdpPort;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * The ports that are open, and the domains they belong to; changed by the composition root only, one thread at a time. What
 * it lists may be read by any thread.
 */
final class OpenPorts {

    private static final long STEP_NANOS = TimeUnit.SECONDS.toNanos(10);

    private final List<WorkerProxy> workers;
    private final PortOpener opener;
    private volatile List<OpenPort> ports = List.of();
    private volatile List<Domain> domains = List.of();

    private boolean unstarted;

    OpenPorts(List<WorkerProxy> workers, PortOpener opener) {
        this.workers = List.copyOf(workers);
        this.opener = opener;
    }

    /** Ports that are opened while this is so get their front-ends from another process, and are not started. */
    void leaveUnstarted(boolean leave) {
        unstarted = leave;
    }

    List<OpenPort> ports() {
        return ports;
    }

    List<Domain> domains() {
        return domains;
    }

    @Nullable
    OpenPort port(String name) {
        return ports.stream()
                .filter(port -> port.name().equals(name))
                .findFirst()
                .orElse(null);
    }

    /** Makes a domain that is worked by these. */
    void addDomain(Domain.Key key, List<Integer> numbers) {
        List<Domain> more = new ArrayList<>(domains);
        more.add(new Domain(key, numbers, numbers.stream().map(workers::get).toList()));
        domains = List.copyOf(more);
    }

    private Domain domain(Domain.Key key) {
        return domains.stream()
                .filter(domain -> domain.key().equals(key))
                .findFirst()
                .orElseGet(() -> {
                    addDomain(key, workersForOneMore());
                    return domains.getLast();
                });
    }

    /** The workers that have no domain, or, if all have one, the one that has the fewest. */
    List<Integer> workersForOneMore() {
        List<Integer> idle = IntStream.range(0, workers.size())
                .filter(worker -> domainsOf(worker) == 0)
                .boxed()
                .toList();
        if (!idle.isEmpty()) {
            return idle;
        }
        return IntStream.range(0, workers.size())
                .boxed()
                .min(Comparator.comparingLong(this::domainsOf))
                .map(List::of)
                .orElseThrow();
    }

    private long domainsOf(int worker) {
        return domains.stream()
                .filter(domain -> domain.workerNumbers().contains(worker))
                .count();
    }

    /** The workers that a domain has, or would have if it were made now. */
    List<Integer> workersOf(Domain.Key key) {
        return domains.stream()
                .filter(domain -> domain.key().equals(key))
                .findFirst()
                .map(Domain::workerNumbers)
                .orElseGet(this::workersForOneMore);
    }

    /** Opens a port and gives it to its workers; front-ends find it after {@link #start}. */
    OpenPort open(PortOptions options, Domain.Key key) {
        Domain domain = domain(key);
        OpenPort port = opener.open(options, domain);
        List<OpenPort> more = new ArrayList<>(ports);
        more.add(port);
        ports = List.copyOf(more);
        await(port.join(), "give port " + port.name() + " to its workers");
        return port;
    }

    /** Has front-ends find these ports, of which none is left out if one cannot be had. */
    void start(List<OpenPort> opened) {
        opened.forEach(this::follow);
        if (unstarted) {
            return;
        }
        List<GuestEndpoint> endpoints = new ArrayList<>();
        List<CompletableFuture<Void>> started = new ArrayList<>();
        for (OpenPort port : opened) {
            GuestEndpoint endpoint = port.endpoint();
            if (endpoint != null) {
                endpoints.add(endpoint);
                started.add(endpoint.start());
            }
        }
        for (int i = 0; i < started.size(); i++) {
            await(started.get(i), "open port " + endpoints.get(i).options().name());
        }
    }

    /** A guest at one end of a link is told whether there is one at the other. */
    private void follow(OpenPort port) {
        GuestEndpoint mine = port.endpoint();
        if (mine == null || !(port.domain().key() instanceof Domain.OfLink)) {
            return;
        }
        for (OpenPort other : ports) {
            GuestEndpoint theirs = other.endpoint();
            if (other != port && theirs != null && other.domain() == port.domain()) {
                mine.followLink(theirs);
                theirs.followLink(mine);
            }
        }
    }

    /** Takes a port from its front-end and its workers, and lets go of it. */
    void close(OpenPort port) {
        GuestEndpoint endpoint = port.endpoint();
        if (endpoint != null) {
            await(endpoint.close(), "end the session of port " + port.name());
        }
        await(port.leave(), "take port " + port.name() + " from its workers");
        if (port.resource() instanceof NicDevice nic) {
            port.domain().nics().remove(nic);
        }
        if (port.resource() instanceof XdpPort xdp && xdp.guestMemory() != null) {
            port.domain().sockets().remove(xdp.guestMemory());
        }
        port.release();
        forget(port);
    }

    private void forget(OpenPort port) {
        ports = ports.stream().filter(other -> other != port).toList();
        SwitchTable table = port.domain().table();
        if (table != null) {
            table.forget(port.name());
        }
        port.forgetCounters();
        opener.closed(port);
    }

    /** Says anew what a port may do. */
    void changePolicy(OpenPort port, PortOptions changed) {
        SwitchTable table = port.domain().table();
        if (table != null) {
            table.policy(changed.name(), changed.policy());
        }
        await(port.changePolicy(changed), "change what port " + port.name() + " may do");
    }

    /** Gives up domains that have no port any more. */
    void dropEmptyDomains() {
        domains = domains.stream()
                .filter(domain -> ports.stream().anyMatch(port -> port.domain() == domain))
                .toList();
    }

    /** Lets go of all ports, which nobody touches any more. */
    void releaseAll() {
        ports.forEach(OpenPort::release);
        ports = List.of();
        domains = List.of();
    }

    static void await(CompletableFuture<Void> future, String action) {
        try {
            future.get(STEP_NANOS, TimeUnit.NANOSECONDS);
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
}
