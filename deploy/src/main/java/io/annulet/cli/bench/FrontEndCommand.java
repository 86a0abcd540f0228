package io.annulet.cli.bench;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.annulet.guest.GuestOptions;
import io.annulet.guest.QueueOptions;
import io.annulet.guest.VhostUserFrontEnd;
import io.annulet.guest.traffic.DirectionReport;
import io.annulet.guest.traffic.FrameSizes;
import io.annulet.guest.traffic.Interruption;
import io.annulet.guest.traffic.LatencySummary;
import io.annulet.guest.traffic.Load;
import io.annulet.guest.traffic.Offload;
import io.annulet.guest.traffic.Offloading;
import io.annulet.guest.traffic.Patience;
import io.annulet.guest.traffic.PhaseReport;
import io.annulet.guest.traffic.Placement;
import io.annulet.guest.traffic.Problems;
import io.annulet.guest.traffic.Proof;
import io.annulet.guest.traffic.TrafficMode;
import io.annulet.guest.traffic.TrafficOptions;
import io.annulet.guest.traffic.TrafficRun;
import io.annulet.vhostuser.VirtioFeature;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/**
 * {@code annulet bench front-end}: the simulated guests of a comparison. It brings two guests up at each pair of sockets
 * and says so; then each line {@code PAIR NANOS} of its input is answered with what a slice of that length showed, and
 * each line {@code PAIR NANOS copy} with how many bytes a second are copied between the buffers of the pair.
 */
@Command(
        name = "front-end",
        hidden = true,
        description = "The front-end of a comparison; told what to do by its input.")
final class FrontEndCommand implements Callable<Integer> {

    static final String CONNECTED = "connected";
    static final String COPY = "copy";

    private static final int RING_SIZE = 1024;
    /** Of 64 KiB each: more would be a test of the memory alone. */
    private static final int RING_SIZE_OF_SEGMENTS = 128;

    private static final long CONNECT_NANOS = 20_000_000_000L;
    /** A rival that drops frames drops them at once: nobody waits for them for long. */
    private static final Patience PATIENCE = new Patience(5_000_000_000L, 20_000_000L);

    @Option(names = "--mode", required = true)
    private Traffic.Mode mode = Traffic.Mode.FORWARD;

    @Option(names = "--sizes", required = true)
    private String sizes = "";

    @Option(names = "--ring", required = true)
    private String ring = "";

    @Option(names = "--proof", required = true)
    private Proof proof = Proof.FULL;

    @Option(names = "--cpu", required = true)
    private int cpu;

    @Parameters(arity = "2..*")
    private List<Path> sockets = List.of();

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() throws IOException {
        List<TrafficRun> runs = new ArrayList<>();
        try {
            for (int i = 0; i + 1 < sockets.size(); i += 2) {
                runs.add(connect(sockets.subList(i, i + 2)));
            }
            answer(runs);
            return 0;
        } finally {
            runs.forEach(TrafficRun::close);
        }
    }

    private TrafficRun connect(List<Path> pair) {
        List<TrafficRun.Connector> connectors = new ArrayList<>();
        pair.forEach(socket -> connectors.add(() -> VhostUserFrontEnd.connect(socket, CONNECT_NANOS)));
        List<String> names = pair.stream().map(Path::toString).toList();
        return TrafficRun.connect(names, connectors, options(), new Interruption(), _ -> {});
    }

    private TrafficOptions options() {
        boolean isPacked = ring.equals("packed");
        boolean isSegments = mode == Traffic.Mode.SEGMENTS;
        FrameSizes frames = FrameSizes.parse(sizes);
        QueueOptions queues = QueueOptions.DEFAULTS.withRingSize(isSegments ? RING_SIZE_OF_SEGMENTS : RING_SIZE);
        if (isSegments) { // a frame fits a buffer, as it does a copy's destination
            queues = queues.withReceiveBuffers(QueueOptions.BIG_BUFFER_BYTES, queues.receiveFraming());
        }
        GuestOptions guest = GuestOptions.DEFAULTS
                .withFeatures(GuestOptions.LINUX_FEATURES | (isPacked ? VirtioFeature.RING_PACKED : 0))
                .withQueues(queues)
                .withTimeoutNanos(CONNECT_NANOS);
        BitSet cpus = new BitSet();
        cpus.set(cpu);
        Load load = Load.DEFAULTS.withSizes(frames);
        if (isSegments) {
            load = load.withOffload(Offload.TSO4.usualForm(), Offloading.of(Offload.TSO4));
        }
        return new TrafficOptions(
                mode == Traffic.Mode.TRIP ? TrafficMode.ROUND_TRIP : TrafficMode.MEASURE,
                guest,
                load.withProof(proof),
                mode == Traffic.Mode.FORWARD,
                0,
                TrafficOptions.NOBODY,
                new Placement(true, cpus),
                PATIENCE);
    }

    private void answer(List<TrafficRun> runs) throws IOException {
        PrintWriter out = spec.commandLine().getOut();
        out.println(CONNECTED);
        out.flush();
        BufferedReader commands = new BufferedReader(new InputStreamReader(System.in, UTF_8));
        for (String line = commands.readLine(); line != null; line = commands.readLine()) {
            String[] words = line.split(" ", -1);
            TrafficRun run = runs.get(Integer.parseInt(words[0]));
            long nanos = Long.parseLong(words[1]);
            boolean isCopy = words.length > 2 && words[2].equals(COPY);
            out.println(
                    isCopy
                            ? String.valueOf(run.copyBuffers(nanos))
                            : slice(run, nanos).toLine());
            out.flush();
        }
    }

    private static Slice slice(TrafficRun run, long nanos) {
        return of(run.phase("slice", run.options().load().withDurations(nanos, 0)), run);
    }

    private static Slice of(PhaseReport phase, TrafficRun run) {
        // Losses are counted for themselves: a rival may drop frames.
        List<String> problems = Problems.of(phase, run.stations(), 1);
        LatencySummary latency = phase.directions().stream()
                .map(DirectionReport::latency)
                .flatMap(Stream::ofNullable)
                .findFirst()
                .orElse(null);
        return new Slice(
                phase.receivedPerSecond(),
                phase.directions().stream()
                                .mapToDouble(DirectionReport::receivedBitsPerSecond)
                                .sum()
                        / Byte.SIZE,
                phase.arrived(),
                phase.counts().lost(),
                phase.idleShare(),
                latency == null ? 0 : latency.p50(),
                latency == null ? 0 : latency.p999(),
                String.join("; ", problems));
    }
}
