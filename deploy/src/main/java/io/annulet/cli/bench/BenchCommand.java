package io.annulet.cli.bench;

import io.annulet.cli.Json;
import io.annulet.cli.study.Machine;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code annulet bench}: Annulet against its rivals, with floors. */
@Command(
        name = "bench",
        description = "Measures Annulet against its rivals on this machine, which should do nothing else meanwhile.",
        mixinStandardHelpOptions = true,
        sortOptions = false,
        abbreviateSynopsis = true,
        subcommands = FrontEndCommand.class,
        footer = {
            "",
            "Comparisons:",
            "  forward  frames a second between two guests, against DPDK's vhost library on the same processor",
            "  latency  the round trip of one frame, against the same",
            "  tso      TCP segments of 64 KiB from guest to guest, against memcpy between the same buffers",
            "  tap      processor time for each byte from a guest to a tap, against QEMU's own device and tap",
            "  load     what the worker allocates under full load, and pauses of the collector",
            "  idle     processor time without traffic, and adaptive polling against busy polling",
            "  startup  time until ready, and memory",
            "",
            "Both back-ends stay up and take turns; the one that is not measured is stopped. Every byte of every frame is",
            "written and checked by the front-end, but in tso and with --untouched. A front-end that was idle for some of",
            "the time was not the limit. Needs two processors; rivals need root, and DPDK huge pages and dpdk-dev, or QEMU.",
            "Exit status: 0 if every floor is met, 1 if one is missed or frames were wrong, 2 if something could not be",
            "measured."
        })
public final class BenchCommand implements Callable<Integer> {

    private static final long MILLISECOND = 1_000_000;
    private static final long SECOND = 1_000_000_000;

    /** What there is to measure, in this order. */
    enum Choice {
        FORWARD,
        TSO,
        LATENCY,
        TAP,
        LOAD,
        IDLE,
        STARTUP;

        Comparison with(BenchOptions options) {
            return switch (this) {
                case FORWARD -> new ForwardComparison(options);
                case TSO -> new SegmentsComparison(options);
                case LOAD -> new LoadComparison(options);
                case TAP -> new TapComparison(options);
                case LATENCY -> new LatencyComparison(options);
                case IDLE -> new IdleComparison(options);
                case STARTUP -> new StartupComparison(options);
            };
        }
    }

    @Parameters(paramLabel = "COMPARISON", description = "What to measure: ${COMPLETION-CANDIDATES} (default: all).")
    private List<Choice> choices = List.of();

    @Option(names = "--json", description = "Print one JSON object.")
    private boolean json;

    @Option(names = "--slices", paramLabel = "N", description = "How often each side has its turn (default: 20).")
    private int slices = 20;

    @Option(names = "--slice", paramLabel = "MS", description = "Milliseconds of a turn (default: 100).")
    private int sliceMillis = 100;

    @Option(names = "--warmup", paramLabel = "MS", description = "Milliseconds of each side before (default: 2500).")
    private int warmupMillis = 2500;

    @Option(names = "--load", paramLabel = "S", description = "Seconds of full load that are watched (default: 60).")
    private int loadSeconds = 60;

    @Option(
            names = "--untouched",
            description = "With forward: front-ends send the same frames again and look at none, as DPDK's would.")
    private boolean untouched;

    @Option(names = "--back-end-cpu", paramLabel = "N", description = "The processor of back-ends (default: 0).")
    private int backEndCpu;

    @Option(names = "--front-end-cpu", paramLabel = "N", description = "The processor of front-ends (default: 1).")
    private int frontEndCpu = 1;

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() throws InterruptedException {
        BenchOptions options = options();
        List<Choice> wanted = choices.isEmpty() ? List.of(Choice.values()) : choices;
        return run(new LinkedHashSet<>(wanted)
                .stream().map(choice -> choice.with(options)).toList());
    }

    /** Measures, prints and judges. */
    int run(List<Comparison> comparisons) throws InterruptedException {
        Map<String, Object> machine = new LinkedHashMap<>(Machine.describe());
        machine.put("command", commandLine());
        PrintWriter out = spec.commandLine().getOut();
        List<Figure> figures = new ArrayList<>();
        if (!json) {
            BenchTable.head(machine).forEach(out::println);
        }
        for (Comparison comparison : comparisons) {
            List<Figure> some = Comparison.figures(comparison);
            figures.addAll(some);
            if (!json) {
                some.forEach(figure -> out.println(BenchTable.row(figure)));
                out.flush();
            }
        }
        if (json) {
            out.println(Json.write(BenchTable.report(machine, figures)));
        }
        out.flush();
        return Figure.status(figures);
    }

    private String commandLine() {
        List<String> words = spec.commandLine().getParseResult().originalArgs();
        List<String> ours =
                words.isEmpty() || !words.getFirst().equals("bench") ? words : words.subList(1, words.size());
        return String.join(" ", "./annulet bench", String.join(" ", ours)).strip();
    }

    private BenchOptions options() {
        try {
            return new BenchOptions(
                    slices,
                    sliceMillis * MILLISECOND,
                    warmupMillis * MILLISECOND,
                    loadSeconds * SECOND,
                    untouched,
                    backEndCpu,
                    frontEndCpu);
        } catch (IllegalArgumentException e) {
            throw new ParameterException(spec.commandLine(), String.valueOf(e.getMessage()), e);
        }
    }
}
