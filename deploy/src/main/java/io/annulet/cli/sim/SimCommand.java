package io.annulet.cli.sim;

import io.annulet.cli.CommandFailure;
import io.annulet.cli.Json;
import io.annulet.guest.FrontEndException;
import io.annulet.guest.GuestOptions;
import io.annulet.guest.VhostUserFrontEnd;
import io.annulet.guest.traffic.Interruption;
import io.annulet.guest.traffic.Load;
import io.annulet.guest.traffic.Patience;
import io.annulet.guest.traffic.PhaseReport;
import io.annulet.guest.traffic.Placement;
import io.annulet.guest.traffic.Problems;
import io.annulet.guest.traffic.SearchOptions;
import io.annulet.guest.traffic.SearchResult;
import io.annulet.guest.traffic.StationReport;
import io.annulet.guest.traffic.ThroughputSearch;
import io.annulet.guest.traffic.TrafficMode;
import io.annulet.guest.traffic.TrafficOptions;
import io.annulet.guest.traffic.TrafficRun;
import io.annulet.linux.Cpus;
import io.annulet.linux.SocketAccess;
import io.annulet.linux.UnixListener;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code annulet sim}: simulated guests at the sockets of any vhost-user back-end. */
@Command(
        name = "sim",
        description = "Sends, receives, echoes and measures frames as a guest would, without a VM.",
        mixinStandardHelpOptions = true,
        sortOptions = false,
        abbreviateSynopsis = true,
        subcommands = {SimLoopCommand.class, SimReplayCommand.class},
        footer = {
            "",
            "Modes:",
            "  measure     the first of two guests sends to the second, which proves what became of each frame; one guest",
            "              alone sends to itself, through a back-end or another guest that sends frames back (default)",
            "  round-trip  one frame at a time, there and back",
            "  send        each guest sends",
            "  receive     each guest receives and checks test frames that someone else sends",
            "  echo        each guest sends back what it receives, MAC addresses swapped",
            "",
            "Status: 0 if all was well, 1 if a back-end lost or damaged frames, broke a rule, died or hung, 2 if the command",
            "could not be carried out.",
            "",
            "How fast, and is anything lost, duplicated, reordered or damaged:",
            "  annulet sim a.sock b.sock",
            "The highest rate without loss, and with 0.5 %% of it, as RFC 2544 and MLRsearch have it:",
            "  annulet sim --search a.sock b.sock",
            "Latency at a rate, in the sizes of the Internet, both ways, on processor 2:",
            "  annulet sim --rate 200k --size imix --both-ways --cpu 2 a.sock b.sock",
            "Packed rings, 1,000 UDP flows on four queue pairs, for programs:",
            "  annulet sim --ring packed --queues 4 --form udp --flows 1000 --json a.sock b.sock",
            "Long TCP segments that the back-end has to cut or to hand on as they are:",
            "  annulet sim --offload tso4 --size 65000 a.sock b.sock",
            "Through a switch to a guest of another process and back:",
            "  annulet sim --mode echo --number 5 b.sock &  annulet sim --to 5 a.sock",
            "What the simulator costs by itself:",
            "  annulet sim loop"
        })
public final class SimCommand implements Callable<Integer> {

    private static final String DURATION = "5s";
    private static final SocketAccess OWNER_ONLY = SocketAccess.ofMode(0600);

    /** What the guests do. */
    enum Mode {
        MEASURE(TrafficMode.MEASURE),
        ROUND_TRIP(TrafficMode.ROUND_TRIP),
        SEND(TrafficMode.SEND),
        RECEIVE(TrafficMode.RECEIVE),
        ECHO(TrafficMode.ECHO);

        private final TrafficMode traffic;

        Mode(TrafficMode traffic) {
            this.traffic = traffic;
        }

        /** As it is written on the command line. */
        @Override
        public String toString() {
            return name().toLowerCase(Locale.ROOT).replace('_', '-');
        }
    }

    /** How many threads do the traffic. */
    enum Threads {
        ONE,
        EACH
    }

    @Parameters(paramLabel = "SOCKET", arity = "0..*", description = "A guest is connected to each of these.")
    private List<Path> sockets = List.of();

    @Option(names = "--mode", paramLabel = "MODE", description = "What the guests do; see below (default: measure).")
    private Mode mode = Mode.MEASURE;

    @Option(names = "--both-ways", description = "With measure: each of two guests sends to the other.")
    private boolean bothWays;

    @Option(names = "--server", description = "Listen at the sockets for a back-end that connects.")
    private boolean server;

    @Mixin
    private LoadChoice load = new LoadChoice();

    @Mixin
    private SearchChoice search = new SearchChoice();

    @Mixin
    private GuestChoice guest = new GuestChoice();

    @Option(
            names = "--threads",
            paramLabel = "one|each",
            description = "One thread for all guests (default), or one for each.")
    private Threads threads = Threads.ONE;

    @Option(
            names = "--cpu",
            paramLabel = "LIST",
            description = "Processors that the threads are pinned to in turn, such as 0,2-3.")
    private @Nullable String cpus;

    @Option(
            names = "--number",
            paramLabel = "N",
            description =
                    "Number of the first guest, from which its addresses follow (default: 0): let processes differ.")
    private int firstNumber;

    @Option(
            names = "--to",
            paramLabel = "N",
            description = "One socket, or --mode send: number of the guest that frames are for, which may be another"
                    + " process's (default: the guest itself; with send everybody).")
    private @Nullable Integer to;

    @Option(
            names = "--allow-loss",
            paramLabel = "SHARE",
            description = "Up to this loss all is well, such as 0.1%% (default: none).")
    private String allowedLoss = "0";

    @Option(
            names = "--timeout",
            paramLabel = "TIME",
            description = "For connecting and for each answer of the back-end (default: 5s).")
    private String timeout = "5s";

    @Option(
            names = "--stalled-after",
            paramLabel = "TIME",
            description = "A back-end that gives nothing back for so long hangs (default: 2s).")
    private String stalledAfter = "2s";

    @Option(
            names = "--lost-after",
            paramLabel = "TIME",
            description = "A frame that takes so long is lost (default: 200ms).")
    private String lostAfter = "200ms";

    @Option(names = "--json", description = "Print one JSON object with all parameters, results and problems.")
    private boolean json;

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() throws IOException {
        TrafficOptions options;
        SearchOptions searchOptions;
        double allowed;
        try {
            checkTogether();
            options = options();
            searchOptions = search.options(options.load().meanByteLength());
            allowed = Amounts.share(allowedLoss);
        } catch (IllegalArgumentException e) {
            throw new ParameterException(spec.commandLine(), String.valueOf(e.getMessage()), e);
        }
        Interruption interruption = new Interruption();
        List<UnixListener> listeners = new ArrayList<>();
        ProgressLine progress = new ProgressLine(spec.commandLine().getErr());
        try (Interrupts interrupts = new Interrupts(interruption)) {
            List<TrafficRun.Connector> connectors = connectors(options.guest(), listeners);
            Map<String, Object> report = parameters(options, searchOptions);
            List<String> problems = run(options, searchOptions, allowed, connectors, interruption, progress, report);
            progress.clear();
            return interrupts.finished(finish(report, problems));
        } finally {
            listeners.forEach(UnixListener::close);
        }
    }

    private TrafficOptions options() throws IOException {
        boolean isEndless = mode == Mode.RECEIVE || mode == Mode.ECHO;
        String duration = search.isWanted() ? SearchChoice.TRIAL_DURATION : isEndless ? null : DURATION;
        Load wanted = load.load(duration);
        BitSet processors = cpus == null ? new BitSet() : Cpus.parse(cpus);
        return new TrafficOptions(
                mode.traffic,
                guest.withRam(guest.options(Amounts.nanos(timeout))),
                wanted,
                bothWays,
                firstNumber,
                to == null ? TrafficOptions.NOBODY : to,
                new Placement(threads == Threads.ONE, processors),
                new Patience(Amounts.nanos(stalledAfter), Amounts.nanos(lostAfter)));
    }

    private void checkTogether() {
        if (sockets.isEmpty()) {
            throw new IllegalArgumentException("no socket of a back-end is given");
        }
        if (search.isWanted() && mode != Mode.MEASURE) {
            throw new IllegalArgumentException("--search goes with --mode measure");
        }
        boolean isPaired = mode == Mode.MEASURE || mode == Mode.ROUND_TRIP;
        if (isPaired && sockets.size() > 1 && sockets.size() % 2 != 0) {
            throw new IllegalArgumentException(
                    "--mode " + mode + " takes one socket or pairs of them, not " + sockets.size());
        }
        if (bothWays && (mode != Mode.MEASURE || sockets.size() == 1)) {
            throw new IllegalArgumentException("--both-ways goes with --mode measure and two sockets");
        }
        if (to != null && mode != Mode.SEND && !(isPaired && sockets.size() == 1)) {
            throw new IllegalArgumentException("--to goes with one socket, or with --mode send");
        }
        if (!load.hasStamps() && mode == Mode.ROUND_TRIP) {
            throw new IllegalArgumentException(
                    "--proof none does not go with --mode round-trip: it measures no latency");
        }
        if (load.hasCapture() && (mode == Mode.RECEIVE || mode == Mode.ROUND_TRIP)) {
            throw new IllegalArgumentException("--pcap does not go with --mode " + mode + ": it needs test frames");
        }
    }

    private List<TrafficRun.Connector> connectors(GuestOptions options, List<UnixListener> listeners) {
        List<TrafficRun.Connector> connectors = new ArrayList<>();
        for (Path socket : sockets) {
            if (server) {
                UnixListener listener = UnixListener.listen(socket, 1, OWNER_ONLY);
                listeners.add(listener);
                connectors.add(() -> VhostUserFrontEnd.accept(listener, options.timeoutNanos()));
            } else {
                connectors.add(() -> VhostUserFrontEnd.connect(socket, options.timeoutNanos()));
            }
        }
        return connectors;
    }

    private Map<String, Object> parameters(TrafficOptions options, SearchOptions searchOptions) {
        Map<String, Object> parameters = new LinkedHashMap<>();
        parameters.put("mode", mode.toString());
        parameters.put("sockets", sockets.stream().map(Path::toString).toList());
        parameters.put("both_ways", bothWays);
        parameters.put("server", server);
        parameters.putAll(load.report(options.load()));
        parameters.putAll(guest.report());
        parameters.put("threads", threads.name().toLowerCase(Locale.ROOT));
        parameters.put("cpu", cpus);
        parameters.put("number", firstNumber);
        parameters.put("to", to);
        parameters.put("allow_loss", allowedLoss);
        parameters.put("timeout", timeout);
        parameters.put("stalled_after", stalledAfter);
        parameters.put("lost_after", lostAfter);
        parameters.put("search", search.isWanted() ? SearchChoice.report(searchOptions) : null);
        Map<String, Object> report = new LinkedHashMap<>();
        report.put("parameters", parameters);
        return report;
    }

    /** Runs it all; what a back-end does wrong comes back as problems, what was learnt goes into the report. */
    private List<String> run(
            TrafficOptions options,
            SearchOptions searchOptions,
            double allowed,
            List<TrafficRun.Connector> connectors,
            Interruption interruption,
            ProgressLine progress,
            Map<String, Object> report) {
        List<String> names = sockets.stream().map(Path::toString).toList();
        try (TrafficRun run = TrafficRun.connect(names, connectors, options, interruption, progress)) {
            checkRings(run.stations());
            List<String> problems = new ArrayList<>(
                    search.isWanted()
                            ? search(run, searchOptions, progress, report)
                            : traffic(run, allowed, progress, report));
            problems.addAll(run.shutdown());
            report.put("guests", SimReport.guests(run.stations()));
            return problems;
        } catch (FrontEndException e) {
            return List.of(SimOutcome.problem(e));
        }
    }

    private void checkRings(List<StationReport> stations) {
        for (StationReport station : stations) {
            String missing = guest.missing(station.features());
            if (missing != null) {
                throw new CommandFailure(
                        "the back-end at " + station.name() + " does not offer " + missing,
                        "leave the option away, or use another back-end");
            }
        }
    }

    private List<String> traffic(TrafficRun run, double allowed, ProgressLine progress, Map<String, Object> report) {
        PhaseReport phase = run.run();
        progress.clear();
        if (!json) {
            SimTable.phase(phase, run.stations()).forEach(out()::println);
        }
        report.put("result", SimReport.phase(phase));
        return Problems.of(phase, run.stations(), allowed);
    }

    private List<String> search(
            TrafficRun run, SearchOptions options, ProgressLine progress, Map<String, Object> report) {
        ThroughputSearch throughput = new ThroughputSearch(run, options, trial -> {
            progress.clear();
            if (!json) {
                out().println(SimTable.trial(trial));
                out().flush();
            }
        });
        List<SearchResult> results = throughput.search();
        progress.clear();
        int directions = bothWays || sockets.size() > 2 ? 2 : 1;
        if (!json) {
            results.forEach(result -> out().println(SimTable.result(result, directions)));
        }
        report.put("trials", throughput.trials().stream().map(SimReport::trial).toList());
        report.put("results", results.stream().map(SimReport::result).toList());
        return throughput.problems();
    }

    /** Prints what is left to say; returns the status. */
    private int finish(Map<String, Object> report, List<String> problems) {
        if (json) {
            report.put("problems", problems);
            report.put("ok", problems.isEmpty());
            out().println(Json.write(report));
        } else {
            problems.forEach(problem -> out().println("problem: " + problem));
        }
        out().flush();
        return SimOutcome.status(problems);
    }

    private PrintWriter out() {
        return spec.commandLine().getOut();
    }
}
