package io.annulet.cli;

import io.annulet.backend.Backend;
import io.annulet.backend.BackendOptions;
import io.annulet.backend.ChannelServers;
import io.annulet.backend.PortOptions;
import io.annulet.backend.api.ApiOptions;
import io.annulet.backend.broker.BrokerRules;
import io.annulet.backend.broker.BrokeredAccess;
import io.annulet.backend.config.ChannelSpec;
import io.annulet.backend.config.LinkSpec;
import io.annulet.backend.config.PortSpec;
import io.annulet.backend.control.IvshmemOptions;
import io.annulet.backend.data.PollMode;
import io.annulet.backend.handover.HandoverException;
import io.annulet.backend.port.HostAccess;
import io.annulet.cli.config.ConfigFile;
import io.annulet.cli.config.LogOptions;
import io.annulet.cli.config.Reload;
import io.annulet.cli.config.RunSettings;
import io.annulet.linux.Sandbox;
import io.annulet.linux.SystemCallFilter;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
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
            "      max-memory=SIZE       of the guest: a front-end that shares more, such as 64G, is refused (default: 32 TiB)",
            "      iommu=off|on          the guest may have an IOMMU in front of its device, see docs/OPERATIONS.md",
            "      postcopy=off|on       the guest may arrive here before its memory does, see docs/OPERATIONS.md",
            "      seal=auto|require     whether memory that the front-end could shrink is served (default: auto)",
            "      profile=qemu|generic  the kind of front-end that is expected (default: qemu)",
            "                            generic: one that leaves control queue and configuration space to annulet, such",
            "                            as user-mode Linux; then mac=ADDRESS speed=MEGABITS too",
            "      coalesce=off|on|adaptive   whether calls are put off, to make one of several (default: off); adaptive:",
            "                            while the queue is busy; coalesce-frames=N coalesce-micros=N: at most until so",
            "                            many frames wait, and so long (default: 32, 50)",
            "      owner= group= perm=   of the socket (default: perm=0660)",
            "      allow-uid=U[+U] allow-gid=G[+G]  serve only processes of these users or groups (default: all who",
            "                            may open the socket)",
            "      A socket that a service manager passed is used where it listens at SOCKET; /dev/fd/N is any passed one.",
            "  NAME=tap:INTERFACE      a tap of this host: an existing one, or a new one that goes when annulet ends",
            "      mtu=N queues=N",
            "      verify=N              of N frames the host calls checked, check one again (1000)",
            "      io=calls|uring        a system call for each frame to the host (default), or for each burst",
            "  NAME=af_xdp:INTERFACE   a queue of an interface, past the host's network stack, which does not see it then",
            "      queue=N               (0); mode=auto|zerocopy|copy  who moves frames (auto: the device if it can)",
            "      open-checksums=auto|on|off  whether the other end is a kernel that leaves checksums open (auto: of a veth)",
            "      umem=own|guest        where frames out are read: where they were copied to (default), or on a straight",
            "                            link in the guest's own memory, all of which is pinned for that",
            "      program=own|libxdp    ours, alone on the interface (default), or libxdp's, beside those of others",
            "      busy-poll=N           let the kernel work the device in our calls, N microseconds each (0: not)",
            "  NAME=vfio:PCI-ADDRESS   a NIC that annulet drives itself; annulet vfio list tells which can be had",
            "      zero-copy=tx|off      payload from guests is read in place by DMA (default), or copied",
            "      mtu=N                 of the network behind it",
            "      promiscuous=on|off    everything (default), or for who has sent through it and for groups=all|none|MAC+MAC",
            "      reset=required|optional  whether a device that cannot be reset is refused (default: required)",
            "  NAME=pcap:FILE          every frame to the port goes into a file, or frames come from one",
            "      direction=write|read pace=recorded|fast",
            "  NAME=loopback           every frame comes back",
            "",
            "What a port of the switch may do, for every kind:",
            "      switch=NAME           the switch that the port is at (default: default)",
            "      vlan=N                in one VLAN: frames without a tag, in and out; those with one are dropped",
            "      trunk=10+20-29        in these VLANs: frames with a tag; native=N: those without one are of this VLAN",
            "      allow-mac=M[+M]       frames from the port have one of these source addresses, in ARP and ND too",
            "      allow-ip=A[/N][+A]    likewise IPv4 and IPv6 addresses; list fe80::/64 for IPv6, DHCP needs nothing",
            "      isolated=on|off       its frames do not reach other isolated ports (default: off)",
            "      rate-in=B rate-out=B  bits a second from and to the port, such as 100M; burst=MS at once (default: 20)",
            "      frames-in=N frames-out=N  likewise frames a second",
            "      storm=N               frames a second from the port that are flooded: to groups and unknown addresses",
            "      max-macs=N            source addresses at a time",
            "      mirror=A[+B] mirror-dir=in|out|both  the port gets copies of these ports' frames, and nothing else",
            "  A port with neither vlan nor trunk is in no VLAN, and reaches others in none.",
            "",
            "Memory for sealed channels between guests, see annulet channel --help:",
            "  NAME=ivshmem:SOCKET     for QEMU's ivshmem-doorbell devices",
            "      size=64M vectors=N    of the memory, a power of two; interrupts of each peer (default: 1)",
            "      peers=A:B             users who may attach (default: whoever runs this, and root)",
            "      owner= group= perm=   of the socket (default: perm=0660)",
            "Seeing frames (each with a comment that tells port, queue, head, virtio-net header and why it was dropped):",
            "  FILE.pcapng             port=A+B dir=in|out|both  of these ports, and which way (default: all, both)",
            "      drop=any|REASON[+R]   only frames that were dropped, for one of these reasons",
            "      filter=EXPRESSION     as tcpdump has it: 'tcp port 80 and not host 10.0.0.1', 'vlan 10', 'less 64'",
            "      snaplen=N limit-frames=N limit-size=1G limit-time=SECONDS rotate-size=100M rotate-time=SECONDS files=N",
            "",
            "Once every port is open, a line 'ready' is printed. Ports that no --link names share one learning switch.",
            "",
            "Two guests and the host on one switch:",
            "  annulet run --port a=vhost-user:/run/a.sock --port b=vhost-user:/run/b.sock --port host=tap:annulet0",
            "Two guests on a straight wire, worked on processor 3:",
            "  annulet run --port a=vhost-user:/run/a.sock --port b=vhost-user:/run/b.sock --link a=b --cpu 3"
        })
final class RunCommand implements Callable<Integer> {

    @Option(
            names = "--config",
            paramLabel = "FILE",
            description =
                    "A configuration file, see annulet config --help; other options here come on top of it. SIGHUP has"
                            + " the back-end go over to what the file says then.")
    private @Nullable Path config;

    @Option(names = "--port", paramLabel = "NAME=KIND:TARGET[,option=value]...", description = "A port; see below.")
    private List<String> ports = List.of();

    @Option(names = "--link", paramLabel = "A=B", description = "A straight link between two ports.")
    private List<String> links = List.of();

    @Option(
            names = "--channel",
            paramLabel = "NAME=ivshmem:SOCKET[,option=value]...",
            description = "Memory for a sealed channel; see below.")
    private List<String> channels = List.of();

    @Mixin
    private SightChoice sight = new SightChoice();

    @Option(
            names = "--fd-holder",
            paramLabel = "SOCKET|systemd",
            description = "Where annulet channel hold, or the service manager, keeps what channels need for a restart.")
    private @Nullable Path holder;

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
    private @Nullable Integer workers;

    @Option(
            names = "--poll",
            paramLabel = "adaptive|busy|sleep",
            description = "What idle workers do: poll for a while and then sleep (default), poll on, or sleep at once.")
    private @Nullable PollMode poll;

    @Option(
            names = "--counters",
            paramLabel = "PATH",
            description = "The file for the counters (default: /dev/shm/annulet-UID/PID.counters).")
    private @Nullable Path counters;

    @Option(
            names = "--state",
            paramLabel = "FOLDER|none",
            description = "Where positions of rings are kept for the back-end that comes after a crash"
                    + " (default: /dev/shm/annulet-UID).")
    private @Nullable Path state;

    @Option(
            names = "--crash-wait",
            paramLabel = "MS",
            description = "After a crash: how long guests that are back wait for those that are not before they send"
                    + " (default: 1000).")
    private @Nullable Long crashWaitMillis;

    @Mixin
    private ApiChoice api = new ApiChoice();

    @Option(
            names = "--takeover",
            description =
                    "Take over from the back-end that runs with the same arguments, guests and all, and have it end.")
    private boolean takeover;

    @Option(
            names = "--log",
            paramLabel = "LEVEL[,json]",
            converter = LogOptions.Converter.class,
            description =
                    "What is logged on standard error: error, warn, info (default), debug, trace; json: lines are objects.")
    private @Nullable LogOptions log;

    @Option(
            names = SandboxLauncher.OPTION,
            description = "Give up all rights and files that serving these ports does not need.")
    private @Nullable Boolean sandbox;

    @Option(
            names = "--sandbox-allow",
            paramLabel = "KIND:NAME",
            description =
                    "What ports that are added later in a sandbox may open, such as tap:vm* or af_xdp:eth1; may be"
                            + " repeated.")
    private List<String> sandboxAllow = List.of();

    @Option(names = SandboxLauncher.INSIDE, hidden = true)
    private boolean insideSandbox;

    @Option(names = SandboxLauncher.BROKER, hidden = true)
    private @Nullable Path broker;

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() throws InterruptedException {
        RunSettings settings = settings(config == null ? RunSettings.NONE : ConfigFile.read(config));
        Logs.set(settings.log() == null ? LogOptions.DEFAULTS : settings.log());
        boolean isChangeable = settings.api() != null || config != null;
        boolean isChannelsOnly = settings.ports().isEmpty()
                && settings.api() == null
                && !settings.channels().isEmpty();
        BackendOptions options = isChannelsOnly ? null : options(settings, isChangeable);
        if (Boolean.TRUE.equals(settings.sandbox()) && !insideSandbox) {
            if (options == null || !settings.channels().isEmpty()) {
                throw new CommandFailure(
                        "channels cannot be served in a sandbox: their server hands memory of its own to other processes, and"
                                + " may have to give sockets away",
                        "serve them by a process of their own, without --sandbox");
            }
            throw launcher(options, settings).launch();
        }
        boolean hasChannels = !settings.channels().isEmpty();
        if (takeover) {
            Takeover.check(options != null && !hasChannels, settings.api() != null, sight.captures());
        }
        Backend backend = options == null ? null : sight.begin(new Backend(options, access()));
        Reload reload =
                backend == null || config == null ? null : new Reload(config, backend, this::settings, settings);
        Services services =
                new Services(backend, channelServers(settings), ApiChoice.server(settings.api(), backend, reload));
        if (backend != null) {
            Takeover.prepare(backend, takeover, hasChannels);
        }
        ServiceManager manager =
                ServiceManager.of(System.getenv(), ProcessHandle.current().pid());
        Thread atShutdown = Thread.ofPlatform().name("shutdown").unstarted(() -> end(services, manager));
        Runtime.getRuntime().addShutdownHook(atShutdown);
        boolean started = false;
        try {
            services.start();
            started = true;
        } catch (HandoverException e) {
            throw Takeover.failure(e);
        } finally {
            if (!started) {
                cancel(atShutdown);
            }
        }
        if (insideSandbox) {
            Sandbox.hideMemory();
            SystemCallFilter.install();
        }
        if (reload != null) {
            reload.onSignal();
        }
        announce(services, settings);
        manager.ready(services.summary());
        manager.watchdogPeriod().ifPresent(period -> services.pulse(period, manager::alive));
        services.awaitAbandoned();
        return 0;
    }

    private SandboxLauncher launcher(BackendOptions options, RunSettings settings) {
        try {
            return new SandboxLauncher(
                    options,
                    filesWhileItRuns(settings),
                    ApiChoice.filesToRead(config, settings.api()),
                    new BrokerRules(sandboxAllow).allowed());
        } catch (IllegalArgumentException e) {
            throw new ParameterException(spec.commandLine(), "--sandbox-allow: " + e.getMessage(), e);
        }
    }

    private HostAccess access() {
        return broker == null ? HostAccess.DIRECT : BrokeredAccess.connect(broker);
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
    private static void end(Services services, ServiceManager manager) {
        manager.stopping();
        services.close();
        Runtime.getRuntime().halt(0);
    }

    private void announce(Services services, RunSettings settings) {
        PrintWriter out = spec.commandLine().getOut();
        Backend backend = services.backend();
        if (backend != null) {
            for (PortOptions port : settings.ports()) {
                AttachHelp.lines(port, backend.interfaceNames()).forEach(out::println);
            }
        }
        for (IvshmemOptions channel : settings.channels()) {
            AttachHelp.lines(channel).forEach(out::println);
        }
        out.println("ready");
        out.flush();
    }

    /** What the command line says, on top of what a file says. */
    private RunSettings settings(RunSettings ofFile) {
        return ofCommandLine().over(ofFile);
    }

    private RunSettings ofCommandLine() {
        try {
            return new RunSettings(
                    ports.stream().map(PortSpec::parse).toList(),
                    links.stream().map(LinkSpec::parse).toList(),
                    channels.stream().map(ChannelSpec::parse).toList(),
                    holder,
                    workers,
                    cpus,
                    poll,
                    counters,
                    state,
                    crashWaitMillis,
                    api.options(),
                    log,
                    sandbox);
        } catch (IllegalArgumentException e) {
            throw usage(e);
        }
    }

    private ParameterException usage(IllegalArgumentException e) {
        return new ParameterException(spec.commandLine(), String.valueOf(e.getMessage()), e);
    }

    private BackendOptions options(RunSettings settings, boolean isChangeable) {
        try {
            return settings.backendOptions(isChangeable);
        } catch (IllegalArgumentException e) {
            throw usage(e);
        }
    }

    private List<Path> filesWhileItRuns(RunSettings settings) {
        ApiOptions api = settings.api();
        Stream<@Nullable Path> others = Stream.of(settings.counters(), api == null ? null : api.socket());
        List<Path> files = sight.files();
        others.filter(Objects::nonNull).forEach(files::add);
        return files;
    }

    private ChannelServers channelServers(RunSettings settings) {
        try {
            return new ChannelServers(settings.channels(), settings.holder());
        } catch (IllegalArgumentException e) {
            throw usage(e);
        }
    }
}
