package io.annulet.cli.sim;

import io.annulet.cli.Json;
import io.annulet.guest.traffic.Interruption;
import io.annulet.guest.traffic.LoopRun;
import io.annulet.guest.traffic.Patience;
import io.annulet.guest.traffic.PhaseReport;
import io.annulet.guest.traffic.Placement;
import io.annulet.guest.traffic.Problems;
import io.annulet.guest.traffic.TrafficMode;
import io.annulet.guest.traffic.TrafficOptions;
import io.annulet.linux.Cpus;
import java.io.IOException;
import java.io.PrintWriter;
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
import picocli.CommandLine.Spec;

/** {@code annulet sim loop}: what the simulator costs by itself. */
@Command(
        name = "loop",
        description = "Loops the simulated driver to the least device in the same thread: what the simulator costs.",
        mixinStandardHelpOptions = true,
        sortOptions = false,
        abbreviateSynopsis = true)
final class SimLoopCommand implements Callable<Integer> {

    private static final String DURATION = "5s";

    @Mixin
    private LoadChoice load = new LoadChoice();

    @Mixin
    private GuestChoice guest = new GuestChoice();

    @Option(names = "--cpu", paramLabel = "N", description = "The processor that the thread is pinned to.")
    private @Nullable String cpu;

    @Option(names = "--json", description = "Print one JSON object with all parameters and results.")
    private boolean json;

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() throws IOException {
        TrafficOptions options = options();
        Interruption interruption = new Interruption();
        ProgressLine progress = new ProgressLine(spec.commandLine().getErr());
        try (Interrupts interrupts = new Interrupts(interruption)) {
            PhaseReport phase = LoopRun.run(options, interruption, progress);
            progress.clear();
            List<String> problems = Problems.of(phase, List.of(), 0);
            print(options, phase, problems);
            return interrupts.finished(SimOutcome.status(problems));
        }
    }

    private TrafficOptions options() throws IOException {
        try {
            if (load.hasCapture()) {
                throw new IllegalArgumentException("loop sends test frames, no --pcap");
            }
            return new TrafficOptions(
                    TrafficMode.MEASURE,
                    guest.withRam(guest.options(0)),
                    load.load(DURATION),
                    false,
                    0,
                    TrafficOptions.NOBODY,
                    new Placement(true, cpu == null ? new BitSet() : Cpus.parse(cpu)),
                    Patience.DEFAULTS);
        } catch (IllegalArgumentException e) {
            throw new ParameterException(spec.commandLine(), String.valueOf(e.getMessage()), e);
        }
    }

    private void print(TrafficOptions options, PhaseReport phase, List<String> problems) {
        PrintWriter out = spec.commandLine().getOut();
        double nanosPerFrame = phase.arrived() == 0 ? 0 : (double) phase.cpuNanos() / phase.arrived();
        if (json) {
            Map<String, Object> parameters = new LinkedHashMap<>(load.report(options.load()));
            parameters.putAll(guest.report());
            parameters.put("cpu", cpu);
            Map<String, Object> report = new LinkedHashMap<>();
            report.put("parameters", parameters);
            report.put("result", SimReport.phase(phase));
            report.put("cpu_nanos_per_frame", nanosPerFrame);
            report.put("problems", problems);
            report.put("ok", problems.isEmpty());
            out.println(Json.write(report));
        } else {
            SimTable.phase(phase, List.of()).forEach(out::println);
            out.printf(
                    Locale.ROOT,
                    "driver, device and checks together: %.1f ns of processor time a frame%n",
                    nanosPerFrame);
            problems.forEach(problem -> out.println("problem: " + problem));
        }
        out.flush();
    }
}
