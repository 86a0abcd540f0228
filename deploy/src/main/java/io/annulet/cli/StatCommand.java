package io.annulet.cli;

import io.annulet.backend.stats.CountersFileReader;
import io.annulet.backend.stats.CountersPaths;
import io.annulet.backend.stats.CountersSnapshot;
import java.io.EOFException;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code annulet stat}: the live counters of a back-end, read from its file; the back-end does not notice. */
@Command(
        name = "stat",
        description = "Shows the live counters of a running back-end.",
        mixinStandardHelpOptions = true,
        footer = {
            "",
            "\"In\" is what a port brought in, \"out\" what left through it; what was dropped is told with the reason. Reasons",
            "and other counters are left out while they are zero. With --json all are there.",
            "",
            "  annulet stat",
            "  annulet stat --watch",
            "  annulet stat --json | jq .ports.a.in.frames"
        })
final class StatCommand implements Callable<Integer> {

    private static final Duration REFRESH = Duration.ofSeconds(1);
    private static final String CLEAR_SCREEN = "\033[H\033[2J";

    @Option(
            names = "--counters",
            paramLabel = "PATH",
            description = "The counters file (default: that of the only back-end this user runs).")
    private @Nullable Path counters;

    @Option(names = "--watch", description = "Show rates, once a second, until the back-end ends.")
    private boolean watch;

    @Option(names = "--json", description = "Print one JSON object; with --watch one a line.")
    private boolean json;

    @Spec
    private CommandSpec spec;

    private final CountersChoice choice;
    private final Duration refresh;

    StatCommand() {
        this(CountersPaths.directory(), REFRESH);
    }

    StatCommand(Path directory, Duration refresh) {
        this.choice = new CountersChoice(directory);
        this.refresh = refresh;
    }

    @Override
    public Integer call() throws IOException, InterruptedException {
        try (CountersFileReader reader = choice.open(counters)) {
            CountersSnapshot now = reader.snapshot();
            show(now, null);
            while (watch && now.isRunning()) {
                Thread.sleep(refresh);
                CountersSnapshot before = now;
                now = reader.snapshot();
                show(now, before);
            }
            if (watch && !json) {
                out().println("the back-end has ended");
            }
            out().flush();
            return 0;
        } catch (EOFException e) {
            throw new CommandFailure(String.valueOf(e.getMessage()), "restart the back-end", e);
        }
    }

    private PrintWriter out() {
        return spec.commandLine().getOut();
    }

    private void show(CountersSnapshot now, @Nullable CountersSnapshot before) {
        if (json) {
            out().println(Json.write(report(now)));
        } else {
            out().println((watch && Terminal.isStandardOutput() ? CLEAR_SCREEN : "") + StatTable.format(now, before));
        }
        out().flush();
    }

    /** As JSON has it: names with dots are objects in objects. */
    static Map<String, Object> report(CountersSnapshot snapshot) {
        Map<String, Object> report = new LinkedHashMap<>();
        report.put("pid", snapshot.pid());
        report.put("running", snapshot.isRunning());
        report.put("began", snapshot.began().toString());
        report.put("taken", snapshot.taken().toString());
        report.put("ports", nested(snapshot.ports()));
        report.put("workers", nested(snapshot.workers()));
        return report;
    }

    private static Map<String, Object> nested(Map<String, Map<String, Long>> owners) {
        Map<String, Object> result = new LinkedHashMap<>();
        owners.forEach((owner, values) -> {
            Map<String, Object> tree = new LinkedHashMap<>();
            values.forEach((name, value) -> put(tree, name, value));
            result.put(owner, tree);
        });
        return result;
    }

    /** Puts "in.dropped.too-short" into the objects "in" and "dropped"; under its whole name if a value is in the way. */
    @SuppressWarnings("unchecked")
    private static void put(Map<String, Object> tree, String name, Long value) {
        int dot = name.indexOf('.');
        if (dot < 0) {
            tree.putIfAbsent(name, value);
            return;
        }
        Object inner = tree.computeIfAbsent(name.substring(0, dot), key -> new LinkedHashMap<String, Object>());
        if (inner instanceof Map<?, ?> map) {
            put((Map<String, Object>) map, name.substring(dot + 1), value);
        } else {
            tree.put(name, value);
        }
    }
}
