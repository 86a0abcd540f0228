package io.annulet.backend;

import io.annulet.backend.data.PollMode;
import io.annulet.backend.policy.MirrorRule;
import io.annulet.backend.policy.PortPolicy;
import io.annulet.backend.port.XdpPortOptions.Umem;
import io.annulet.backend.stats.CountersPaths;
import io.annulet.linux.Cpus;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Predicate;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * Everything a back-end is told. A message of the constructor is one line that says what to change.
 *
 * @param ports at least one, at most {@link #MAX_PORTS}; none too if there may be more
 * @param links ports that belong to none are at the switch that they name
 * @param workers threads of the data plane, 1 to {@link #MAX_WORKERS}; 0 for one on each of {@code cpus}, or one if there
 *     are none. They are shared out among the links and the switch: where there are more of them, several work one
 * @param cpus the workers run on them in turn; empty for anywhere
 * @param counters path of the counters file; null for {@link io.annulet.backend.stats.CountersPaths the usual one}
 * @param state folder for what has to outlive the process; null to keep nothing
 * @param crashWait how long, after a crash, guests that are back wait for those that are not before they send
 * @param morePorts how many ports more there may be while it runs: room is kept for their counters
 */
public record BackendOptions(
        List<PortOptions> ports,
        List<LinkOptions> links,
        int workers,
        BitSet cpus,
        PollMode poll,
        @Nullable Path counters,
        @Nullable Path state,
        Duration crashWait,
        int morePorts) {

    /** Longer than any front-end takes to try again that means to be back soon. */
    public static final Duration CRASH_WAIT = Duration.ofSeconds(1);

    public static final int MAX_PORTS = 256;

    public static final int MAX_WORKERS = 64;

    /** Also the form of an id of QEMU, and without blanks, as counters need it. */
    private static final Pattern NAME = Pattern.compile("[A-Za-z][A-Za-z0-9._-]{0,30}");

    /** With the usual folder for state. */
    public BackendOptions(
            List<PortOptions> ports,
            List<LinkOptions> links,
            int workers,
            BitSet cpus,
            PollMode poll,
            @Nullable Path counters) {
        this(ports, links, workers, cpus, poll, counters, CountersPaths.directory(), CRASH_WAIT, 0);
    }

    /** The same, but for what can be changed while it runs. */
    public BackendOptions with(List<PortOptions> otherPorts, List<LinkOptions> otherLinks) {
        return new BackendOptions(otherPorts, otherLinks, workers, cpus, poll, counters, state, crashWait, morePorts);
    }

    /** The same without ports, as it is before any is open. */
    BackendOptions withoutPorts() {
        return new BackendOptions(
                List.of(), List.of(), workers, cpus, poll, counters, state, crashWait, Math.max(1, morePorts));
    }

    /**
     * Sees to it that another configuration can be gone over to while this one runs.
     *
     * @throws BackendException if it differs in what is fixed at the start
     */
    void checkOnlyPortsDiffer(BackendOptions other) {
        Map<String, Boolean> isSame = new LinkedHashMap<>();
        isSame.put("workers", workers == other.workers);
        isSame.put("cpu", cpus.equals(other.cpus));
        isSame.put("poll", poll == other.poll);
        isSame.put("counters", Objects.equals(counters, other.counters));
        isSame.put("state", Objects.equals(state, other.state));
        isSame.put("crash-wait", crashWait.equals(other.crashWait));
        isSame.values().removeIf(same -> same);
        String what = String.join(", ", isSame.keySet());
        if (!what.isEmpty()) {
            throw new BackendException(
                    what + " cannot change while the back-end runs: leave it as it was, or restart", null);
        }
    }

    /** For how many shards of ports there are counters. */
    int roomForRows() {
        int most = domains().isEmpty() ? workerCount() : workersOf(0).size();
        return portRows() + morePorts * most;
    }

    public BackendOptions {
        ports = List.copyOf(ports);
        links = List.copyOf(links);
        cpus = (BitSet) cpus.clone();
        if ((ports.isEmpty() && morePorts == 0) || ports.size() > MAX_PORTS) {
            throw new IllegalArgumentException(ports.size() + " ports: name 1 to " + MAX_PORTS);
        }
        if (workers < 0 || workers > MAX_WORKERS) {
            throw new IllegalArgumentException(workers + " workers: 1 to " + MAX_WORKERS);
        }
        ports.forEach(port -> checkName(port.name()));
        checkOnce(ports.stream().map(port -> "port " + port.name()).toList());
        checkOnce(ports.stream()
                .map(PortOptions::claim)
                .filter(Predicate.not(String::isEmpty))
                .toList());
        Set<String> names = ports.stream().map(PortOptions::name).collect(Collectors.toCollection(TreeSet::new));
        links.forEach(link -> checkEnds(link, names));
        for (PortOptions port : ports) {
            checkPolicy(port, links);
            checkUmem(port, ports, links);
            checkMirror(port, ports);
        }
        checkOnce(links.stream()
                .flatMap(link -> List.of("link end " + link.one(), "link end " + link.other()).stream())
                .toList());
        int threads = workers > 0 ? workers : cpus.cardinality();
        if (threads > domains(ports, links).size()) {
            ports.forEach(BackendOptions::checkOneWorker);
        }
    }

    /** A port that borrows frames has one queue each way, whose frames are lent and returned on one thread. */
    private static void checkOneWorker(PortOptions port) {
        boolean readsGuests =
                port instanceof PortOptions.Xdp xdp && xdp.options().umem() == Umem.GUEST;
        if (port instanceof PortOptions.Nic || readsGuests) {
            throw new IllegalArgumentException("port " + port.name() + ": "
                    + (readsGuests ? "an interface that reads guests' memory" : "a NIC")
                    + " is worked by one worker; use at most as many workers as there are links and switches");
        }
    }

    /** Which guest's memory is read is known beforehand only on a straight link. */
    private static void checkUmem(PortOptions port, List<PortOptions> ports, List<LinkOptions> links) {
        if (!(port instanceof PortOptions.Xdp xdp) || xdp.options().umem() == Umem.OWN) {
            return;
        }
        boolean isLinkedToGuest = links.stream()
                .filter(link -> link.joins(port.name()))
                .anyMatch(link -> ports.stream()
                        .anyMatch(other -> other instanceof PortOptions.Guest && link.joins(other.name())));
        if (!isLinkedToGuest) {
            throw new IllegalArgumentException("port " + port.name()
                    + ": umem=guest is for a straight link to a guest: add --link GUEST=" + port.name()
                    + ", or leave it out");
        }
    }

    private static void checkName(String name) {
        if (!NAME.matcher(name).matches()) {
            throw new IllegalArgumentException("'" + name
                    + "' cannot be the name of a port: use a letter and up to 30 letters, digits, '.', '_', '-'");
        }
    }

    private static void checkOnce(List<String> claims) {
        Map<String, Boolean> seen = new HashMap<>();
        for (String claim : claims) {
            if (seen.put(claim, true) != null) {
                throw new IllegalArgumentException(claim + " is named twice: use each once");
            }
        }
    }

    private static void checkPolicy(PortOptions port, List<LinkOptions> links) {
        if (!port.policy().isNone() && links.stream().anyMatch(link -> link.joins(port.name()))) {
            throw new IllegalArgumentException("port " + port.name() + ": "
                    + port.policy().toString().substring(1) + " is for ports of the switch: leave it out, or the link");
        }
    }

    private static void checkMirror(PortOptions port, List<PortOptions> ports) {
        MirrorRule mirror = port.policy().mirror();
        for (String shown : mirror == null ? Set.<String>of() : mirror.ports()) {
            boolean isThere = ports.stream()
                    .anyMatch(other -> other.name().equals(shown)
                            && other.policy().mirror() == null
                            && other.policy().switchName().equals(port.policy().switchName()));
            if (!isThere) {
                throw new IllegalArgumentException("port " + port.name() + ": mirror=" + shown
                        + ": name ports of its switch that are no mirrors themselves");
            }
        }
    }

    private static void checkEnds(LinkOptions link, Set<String> names) {
        for (String end : List.of(link.one(), link.other())) {
            if (!names.contains(end)) {
                throw new IllegalArgumentException(
                        "link " + link + ": there is no port " + end + "; there are " + String.join(", ", names));
            }
        }
    }

    /** The links, and then the switches in the order of their first ports. */
    List<Domain.Key> domains() {
        return domains(ports, links);
    }

    private static List<Domain.Key> domains(List<PortOptions> ports, List<LinkOptions> links) {
        Set<Domain.Key> keys = new LinkedHashSet<>();
        links.forEach(link -> keys.add(new Domain.OfLink(link)));
        ports.forEach(port -> keys.add(domainOf(port, links)));
        return List.copyOf(keys);
    }

    /** The domain that one of the ports belongs to. */
    Domain.Key domainOf(PortOptions port) {
        return domainOf(port, links);
    }

    private static Domain.Key domainOf(PortOptions port, List<LinkOptions> links) {
        return links.stream()
                .filter(link -> link.joins(port.name()))
                .<Domain.Key>map(Domain.OfLink::new)
                .findFirst()
                .orElseGet(() -> new Domain.OfSwitch(port.policy().switchName()));
    }

    List<PortOptions> portsOf(Domain.Key domain) {
        return ports.stream().filter(port -> domainOf(port).equals(domain)).toList();
    }

    int workerCount() {
        return workers > 0 ? workers : Math.clamp(cpus.cardinality(), 1, MAX_WORKERS);
    }

    /**
     * The numbers of the workers that work a domain. Domains are dealt to the workers in turn; if there are more workers
     * than domains, those left over are dealt to the domains.
     */
    List<Integer> workersOf(int domain) {
        int domains = domains().size();
        if (workerCount() <= domains) {
            return List.of(domain % workerCount());
        }
        return IntStream.range(0, workerCount())
                .filter(worker -> worker % domains == domain)
                .boxed()
                .toList();
    }

    /** How many shards all ports have together, each with counters of its own. */
    int portRows() {
        List<Domain.Key> domains = domains();
        return IntStream.range(0, domains.size())
                .map(domain ->
                        portsOf(domains.get(domain)).size() * workersOf(domain).size())
                .sum();
    }

    /** The processor of each worker; empty if they may run anywhere. */
    public List<Integer> workerCpus() {
        List<Integer> all = cpus.stream().boxed().toList();
        return all.isEmpty()
                ? all
                : IntStream.range(0, workerCount())
                        .mapToObj(worker -> all.get(worker % all.size()))
                        .toList();
    }

    /** Processors that were given and have no worker, since fewer workers were asked for. */
    public BitSet unusedCpus() {
        BitSet unused = (BitSet) cpus.clone();
        workerCpus().forEach(unused::clear);
        return unused;
    }

    /** All of it, for the log: one line for each thing. */
    public List<String> lines() {
        List<String> lines = new ArrayList<>();
        ports.forEach(port -> lines.add("port " + port));
        links.forEach(link -> lines.add("link " + link));
        for (Domain.Key domain : domains()) {
            if (domain instanceof Domain.OfSwitch(String name)) {
                String members = portsOf(domain).stream().map(PortOptions::name).collect(Collectors.joining(","));
                lines.add("switch " + (name.equals(PortPolicy.DEFAULT_SWITCH) ? "" : name + ": ") + members);
            }
        }
        lines.add("cpu " + (cpus.isEmpty() ? "any" : Cpus.format(cpus)) + ", poll "
                + poll.name().toLowerCase(Locale.ROOT) + ", workers " + workerCount());
        return lines;
    }
}
