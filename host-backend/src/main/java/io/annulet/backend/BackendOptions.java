package io.annulet.backend;

import io.annulet.backend.data.PollMode;
import io.annulet.backend.policy.PortPolicy;
import io.annulet.linux.Cpus;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
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
 * @param ports at least one, at most {@link #MAX_PORTS}
 * @param links ports that belong to none share one switch
 * @param workers threads of the data plane, 1 to {@link #MAX_WORKERS}; 0 for one on each of {@code cpus}, or one if there
 *     are none. They are shared out among the links and the switch: where there are more of them, several work one
 * @param cpus the workers run on them in turn; empty for anywhere
 * @param counters path of the counters file; null for {@link io.annulet.backend.stats.CountersPaths the usual one}
 */
public record BackendOptions(
        List<PortOptions> ports,
        List<LinkOptions> links,
        int workers,
        BitSet cpus,
        PollMode poll,
        @Nullable Path counters) {

    public static final int MAX_PORTS = 256;

    public static final int MAX_WORKERS = 64;

    /** Also the form of an id of QEMU, and without blanks, as counters need it. */
    private static final Pattern NAME = Pattern.compile("[A-Za-z][A-Za-z0-9._-]{0,30}");

    public BackendOptions {
        ports = List.copyOf(ports);
        links = List.copyOf(links);
        cpus = (BitSet) cpus.clone();
        if (ports.isEmpty() || ports.size() > MAX_PORTS) {
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
        }
        checkOnce(links.stream()
                .flatMap(link -> List.of("link end " + link.one(), "link end " + link.other()).stream())
                .toList());
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

    private static void checkEnds(LinkOptions link, Set<String> names) {
        for (String end : List.of(link.one(), link.other())) {
            if (!names.contains(end)) {
                throw new IllegalArgumentException(
                        "link " + link + ": there is no port " + end + "; there are " + String.join(", ", names));
            }
        }
    }

    /** Ports on the default switch: those that no link joins. */
    List<PortOptions> switchedPorts() {
        return ports.stream()
                .filter(port -> links.stream().noneMatch(link -> link.joins(port.name())))
                .toList();
    }

    /** What ports may do, by their names. */
    Map<String, PortPolicy> policies() {
        return ports.stream().collect(Collectors.toMap(PortOptions::name, PortOptions::policy));
    }

    /** How many links and switches there are. */
    int domainCount() {
        return links.size() + (switchedPorts().isEmpty() ? 0 : 1);
    }

    int workerCount() {
        return workers > 0 ? workers : Math.clamp(cpus.cardinality(), 1, MAX_WORKERS);
    }

    /**
     * The numbers of the workers that work a domain. Domains are dealt to the workers in turn; if there are more workers
     * than domains, those left over are dealt to the domains.
     */
    List<Integer> workersOf(int domain) {
        int domains = domainCount();
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
        int rows = switchedPorts().size() * workersOf(links.size()).size();
        for (int link = 0; link < links.size(); link++) {
            rows += 2 * workersOf(link).size();
        }
        return rows;
    }

    /** The processor of each worker; empty if they may run anywhere. */
    List<Integer> workerCpus() {
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
        List<PortOptions> switched = switchedPorts();
        if (!switched.isEmpty()) {
            lines.add("switch " + switched.stream().map(PortOptions::name).collect(Collectors.joining(",")));
        }
        lines.add("cpu " + (cpus.isEmpty() ? "any" : Cpus.format(cpus)) + ", poll "
                + poll.name().toLowerCase(Locale.ROOT) + ", workers " + workerCount());
        return lines;
    }
}
