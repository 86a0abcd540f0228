package io.annulet.cli;

import io.annulet.backend.Backend;
import io.annulet.backend.BackendOptions;
import io.annulet.backend.LinkOptions;
import io.annulet.backend.PortOptions;
import io.annulet.backend.data.PollMode;
import io.annulet.linux.Cpus;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.BitSet;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import org.jspecify.annotations.Nullable;
import org.slf4j.event.Level;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code annulet run}: serves ports until it is told to end. */
@Command(
        name = "run",
        description = "Serves ports until SIGTERM or SIGINT; then ends with status 0.",
        mixinStandardHelpOptions = true,
        sortOptions = false,
        footer = {
            "",
            "Kinds of port:",
            "  NAME=vhost-user:SOCKET  a guest behind QEMU, or any other vhost-user front-end",
            "      mode=server|client    who listens at the socket: annulet, or the front-end (default: server)",
            "      queues=N              queue pairs (default: 1)",
            "      mtu=N                 what the guest is told it may send",
            "      seal=auto|require     whether memory that the front-end could shrink is served (default: auto)",
            "      profile=qemu|generic  the kind of front-end that is expected (default: qemu)",
            "      coalesce=off|on|adaptive   whether calls are put off, to make one of several (default: off); adaptive:",
            "                            while the queue is busy; coalesce-frames=N coalesce-micros=N: at most until so",
            "                            many frames wait, and so long (default: 32, 50)",
            "      owner= group= perm=   of the socket (default: perm=0660)",
            "  NAME=tap:INTERFACE      a tap of this host: an existing one, or a new one that goes when annulet ends",
            "      mtu=N queues=N",
            "      verify=N              of N frames the host calls checked, check one again (1000)",
            "  NAME=pcap:FILE          every frame to the port goes into a file, or frames come from one",
            "      direction=write|read pace=recorded|fast",
            "  NAME=loopback           every frame comes back",
            "",
            "What a port of the switch may do, for every kind:",
            "      vlan=N                in one VLAN: frames without a tag, in and out; those with one are dropped",
            "      trunk=10+20-29        in these VLANs: frames with a tag; native=N: those without one are of this VLAN",
            "      allow-mac=M[+M]       frames from the port have one of these source addresses, in ARP and ND too",
            "      allow-ip=A[/N][+A]    likewise IPv4 and IPv6 addresses; list fe80::/64 for IPv6, DHCP needs nothing",
            "      isolated=on|off       its frames do not reach other isolated ports (default: off)",
            "      rate-in=B rate-out=B  bits a second from and to the port, such as 100M; burst=MS at once (default: 20)",
            "      frames-in=N frames-out=N  likewise frames a second",
            "      storm=N               frames a second from the port that are flooded: to groups and unknown addresses",
            "      max-macs=N            source addresses at a time",
            "  A port with neither vlan nor trunk is in no VLAN, and reaches others in none.",
            "",
            "Once every port is open, a line 'ready' is printed. Ports that no --link names share one learning switch.",
            "",
            "Two guests and the host on one switch:",
            "  annulet run --port a=vhost-user:/run/a.sock --port b=vhost-user:/run/b.sock --port host=tap:annulet0",
            "Two guests on a straight wire, worked on processor 3:",
            "  annulet run --port a=vhost-user:/run/a.sock --port b=vhost-user:/run/b.sock --link a=b --cpu 3"
        })
final class RunCommand implements Callable<Integer> {

    /** Never set: the preprocessor puts the file's options in the place of this one. */
    @SuppressWarnings("unused")
    @Option(
            names = "--config",
            paramLabel = "FILE",
            preprocessor = OptionFile.class,
            description = "Options from a file, one a line, as they are written here; # begins a comment.")
    private @Nullable Path config;

    @Option(names = "--port", paramLabel = "NAME=KIND:TARGET[,option=value]...", description = "A port; see below.")
    private List<String> ports = List.of();

    @Option(names = "--link", paramLabel = "A=B", description = "A straight link between two ports.")
    private List<String> links = List.of();

    @Option(
            names = "--cpu",
            paramLabel = "LIST",
            description = "Processors for workers, such as 0,2-3: one worker on each, unless --workers says otherwise.")
    private @Nullable String cpus;

    @Option(
            names = "--workers",
            paramLabel = "N",
            description = "Threads that move frames (default: 1, or one for each --cpu): the links and the switch get"
                    + " one in turn, and share out what is left over.")
    private int workers;

    @Option(
            names = "--poll",
            paramLabel = "adaptive|busy|sleep",
            description = "What idle workers do: poll for a while and then sleep (default), poll on, or sleep at once.")
    private PollMode poll = PollMode.ADAPTIVE;

    @Option(
            names = "--counters",
            paramLabel = "PATH",
            description = "The file for the counters (default: /dev/shm/annulet-UID/PID.counters).")
    private @Nullable Path counters;

    @Option(
            names = "--log",
            paramLabel = "LEVEL",
            description = "What is logged on standard error: error, warn, info (default), debug, trace.")
    private Level logLevel = Level.INFO;

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() throws InterruptedException {
        Logs.setLevel(logLevel);
        BackendOptions options = options();
        Backend backend = new Backend(options);
        Thread atShutdown = Thread.ofPlatform().name("shutdown").unstarted(() -> end(backend));
        Runtime.getRuntime().addShutdownHook(atShutdown);
        boolean started = false;
        try {
            backend.start();
            started = true;
        } finally {
            if (!started) {
                cancel(atShutdown);
            }
        }
        announce(options, backend);
        new CountDownLatch(1).await();
        return 0;
    }

    /** A back-end that did not start ends with the status of its error. */
    private static void cancel(Thread atShutdown) {
        try {
            Runtime.getRuntime().removeShutdownHook(atShutdown);
        } catch (IllegalStateException endsAlready) {
            // A signal came first, and decides.
        }
    }

    /**
     * The JVM runs this when a signal tells it to end, and would then end with 128 and the signal's number. A back-end that
     * was told to end, and did, has succeeded: so it is closed here, and the process halted with 0. Nothing that comes
     * later in an orderly exit is missed, since the log is not buffered and all files are closed.
     */
    private static void end(Backend backend) {
        backend.close();
        Runtime.getRuntime().halt(0);
    }

    private void announce(BackendOptions options, Backend backend) {
        PrintWriter out = spec.commandLine().getOut();
        for (PortOptions port : options.ports()) {
            AttachHelp.lines(port, backend.interfaceNames()).forEach(out::println);
        }
        out.println("ready");
        out.flush();
    }

    private BackendOptions options() {
        try {
            return new BackendOptions(
                    ports.stream().map(PortSpec::parse).toList(),
                    links.stream().map(RunCommand::parseLink).toList(),
                    parseWorkers(),
                    parseCpus(),
                    poll,
                    counters);
        } catch (IllegalArgumentException e) {
            throw new ParameterException(spec.commandLine(), String.valueOf(e.getMessage()), e);
        }
    }

    private static LinkOptions parseLink(String text) {
        String[] ends = text.split("=", -1);
        if (ends.length != 2) {
            throw new IllegalArgumentException("'" + text + "' is no link; write A=B with the names of two ports");
        }
        return new LinkOptions(ends[0], ends[1]);
    }

    private int parseWorkers() {
        if (workers < 1 && spec.commandLine().getParseResult().hasMatchedOption("--workers")) {
            throw new IllegalArgumentException("--workers " + workers + ": 1 to " + BackendOptions.MAX_WORKERS);
        }
        return workers;
    }

    private BitSet parseCpus() {
        if (cpus == null) {
            return new BitSet();
        }
        BitSet wanted = Cpus.parse(cpus);
        BitSet lacking = (BitSet) wanted.clone();
        BitSet available = Cpus.available();
        lacking.andNot(available);
        if (!lacking.isEmpty()) {
            throw new IllegalArgumentException("--cpu " + cpus + ": this process may not run on " + Cpus.format(lacking)
                    + "; there are " + Cpus.format(available));
        }
        return wanted;
    }
}
