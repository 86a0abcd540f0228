package io.annulet.fuzz;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code ./annulet fuzz}: tries a target with generated inputs, says how fast, and keeps what it finds. */
@Command(
        name = "annulet fuzz",
        description = "Tries what a hostile driver could write, millions of ways, against a model.",
        mixinStandardHelpOptions = true,
        usageHelpWidth = 120,
        footer = {
            "",
            "Ends with 0 if nothing was found, with 1 after a finding, whose input is kept and can be tried again:",
            "",
            "  ./annulet fuzz split-ring                     ten million inputs from seed 1",
            "  ./annulet fuzz packed-ring 7 -n 100m          a hundred million from seed 7",
            "  ./annulet fuzz split-ring --replay build/fuzz/split-ring.finding.hex",
            "  ./annulet fuzz split-ring --guided --jazzer=-max_total_time=60    led by coverage",
            "  ./annulet fuzz                                the list of targets"
        })
final class FuzzCommand implements Callable<Integer> {

    private static final String RACE = "race";
    private static final int LEAST_LOOKS = 10_000;
    private static final int FOUND = 1;
    private static final long BETWEEN_WORDS_NANOS = TimeUnit.SECONDS.toNanos(2);

    /** Of one target, so that all of them can be read through. */
    private static final int MOST_KEPT_IN_CORPUS = 200;

    @Parameters(index = "0", arity = "0..1", paramLabel = "TARGET", description = "What to try; \"all\": one by one.")
    private @Nullable String name;

    @Parameters(
            index = "1",
            arity = "0..1",
            paramLabel = "SEED",
            description = "All inputs follow from it (default: 1).")
    private long seed = 1;

    @Option(
            names = "-n",
            paramLabel = "COUNT",
            description = "How many inputs; k and m for thousands and millions (10m).")
    private String count = "10m";

    @Option(names = "--replay", paramLabel = "FILE", description = "Try the inputs in a file instead.")
    private @Nullable Path replay;

    @Option(names = "--grow", description = "Write an input for each way that was taken into the corpus.")
    private boolean grow;

    @Option(names = "--guided", description = "Have Jazzer find inputs, led by coverage.")
    private boolean guided;

    @Option(names = "--jazzer", paramLabel = "OPTION", description = "An option for Jazzer; may be repeated.")
    private List<String> jazzer = List.of();

    @Spec
    private CommandSpec spec;

    private final Path root;

    /** @param root the source folder: the corpus is there, and findings go into its build folder */
    FuzzCommand(Path root) {
        this.root = root;
    }

    public static void main(String[] args) {
        Path root = Path.of(System.getProperty("annulet.root", "."));
        System.exit(new CommandLine(new FuzzCommand(root)).execute(args));
    }

    @Override
    public Integer call() throws IOException, InterruptedException {
        PrintWriter out = spec.commandLine().getOut();
        if (name == null) {
            Targets.all().forEach(entry -> out.printf("%-14s %s%n", entry.name(), entry.about()));
            out.printf("%-14s fields that a second thread changes while we read; -n: changes of each%n", RACE);
            out.flush();
            return 0;
        }
        if (name.equals(RACE)) {
            return race(out);
        }
        int status = 0;
        for (Targets.Entry entry : chosen(name)) {
            status = Math.max(status, guided ? Guided.run(entry, root, jazzer) : run(entry, out));
        }
        return status;
    }

    private int race(PrintWriter out) {
        try {
            Races.run(amount(count), LEAST_LOOKS, result -> {
                out.printf(
                        Locale.ROOT,
                        "%-38s %,13d changes, %,11d looks, %,9d unlike the one before, %.1f s%n",
                        result.name(),
                        result.flips(),
                        result.looks(),
                        result.differing(),
                        result.seconds());
                out.flush();
            });
            return 0;
        } catch (AssertionError | RuntimeException failure) {
            failure.printStackTrace(out);
            out.flush();
            return FOUND;
        }
    }

    private List<Targets.Entry> chosen(String wanted) {
        try {
            return wanted.equals("all") ? Targets.sound() : List.of(Targets.named(wanted));
        } catch (IllegalArgumentException unknown) {
            throw new ParameterException(spec.commandLine(), unknown.getMessage(), unknown);
        }
    }

    private int run(Targets.Entry entry, PrintWriter out) throws IOException {
        FuzzRun run = new FuzzRun(entry.newTarget().get(), seed);
        Path corpus = Corpus.file(root, entry.name());
        long startNanos = System.nanoTime();
        FuzzRun.Finding finding = run.replay(Corpus.read(replay == null ? corpus : replay));
        if (finding == null && replay == null) {
            finding = run.run(amount(count), new Progress(entry.name(), out, startNanos)::tell);
        }
        out.printf(
                Locale.ROOT,
                "%s: %,d inputs from seed %d, %s, %d ways%n",
                entry.name(),
                run.executions(),
                seed,
                rate(run.executions(), System.nanoTime() - startNanos),
                run.kept().size());
        if (finding != null) {
            report(entry, finding, out);
            return FOUND;
        }
        if (grow) {
            Corpus.write(corpus, shortest(run.kept()));
        }
        out.flush();
        return 0;
    }

    private void report(Targets.Entry entry, FuzzRun.Finding finding, PrintWriter out) throws IOException {
        Path file = root.resolve("build/fuzz").resolve(entry.name() + ".finding.hex");
        Corpus.write(file, List.of(finding.bytes()));
        out.printf("found at input %d: %s%n", finding.number(), finding.failure());
        finding.failure().printStackTrace(out);
        out.printf("again: ./annulet fuzz %s --replay %s%n", entry.name(), root.relativize(file));
        out.flush();
    }

    private static List<byte[]> shortest(List<byte[]> kept) {
        List<byte[]> sorted = new ArrayList<>(kept);
        sorted.sort(Comparator.comparingInt(bytes -> bytes.length));
        int every = Math.max(1, sorted.size() / MOST_KEPT_IN_CORPUS);
        return IntStream.range(0, sorted.size())
                .filter(i -> i % every == 0)
                .mapToObj(sorted::get)
                .limit(MOST_KEPT_IN_CORPUS)
                .collect(Collectors.toList());
    }

    private long amount(String text) {
        try {
            String digits = text.toLowerCase(Locale.ROOT).replace("k", "000").replace("m", "000000");
            return Long.parseLong(digits);
        } catch (NumberFormatException e) {
            throw new ParameterException(spec.commandLine(), "-n " + text + " is no number of inputs", e);
        }
    }

    static String rate(long executions, long nanos) {
        double seconds = nanos / 1e9;
        return String.format(Locale.ROOT, "%.1f s, %,.0f a second", seconds, executions / Math.max(seconds, 1e-9));
    }

    /** Tells how far a run is; owned by its thread. */
    private static final class Progress {
        private final String name;
        private final PrintWriter out;
        private final long startNanos;
        private long toldNanos;

        Progress(String name, PrintWriter out, long startNanos) {
            this.name = name;
            this.out = out;
            this.startNanos = startNanos;
            this.toldNanos = startNanos;
        }

        void tell(long executions) {
            long now = System.nanoTime();
            if (now - toldNanos >= BETWEEN_WORDS_NANOS) {
                toldNanos = now;
                out.printf(Locale.ROOT, "%s: %,d inputs, %s%n", name, executions, rate(executions, now - startNanos));
                out.flush();
            }
        }
    }
}
