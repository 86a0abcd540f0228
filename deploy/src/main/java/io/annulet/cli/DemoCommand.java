package io.annulet.cli;

import io.annulet.backend.stats.CountersSnapshot;
import io.annulet.cli.config.LogOptions;
import io.annulet.cli.demo.Cleanup;
import io.annulet.cli.demo.Demonstration;
import io.annulet.cli.demo.Demonstration.Outcome;
import io.annulet.cli.demo.Figure;
import io.annulet.cli.demo.LinuxDemo;
import io.annulet.cli.demo.Preparation;
import io.annulet.cli.demo.Progress;
import io.annulet.cli.demo.SimulatedDemo;
import io.annulet.cli.demo.StepFailure;
import io.annulet.cli.vm.GuestImage;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import org.slf4j.event.Level;
import picocli.CommandLine.Command;
import picocli.CommandLine.ExitCode;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code annulet demo}: sets everything up, shows it, and takes it back. */
@Command(
        name = "demo",
        description = {
            "Boots two Linux guests on one Annulet; shows pings between them and with the host, TCP, and the counters."
        },
        mixinStandardHelpOptions = true,
        footer = {
            "",
            "As root on Debian it installs what is missing: QEMU, a guest kernel, ip and ping. The host's end is a tap in a",
            "network namespace of its own, so no interface or route of the host changes. Where that cannot be had, two",
            "simulated guests attach to the same sockets, and the first line says why. Everything is taken back at the end.",
            "",
            "Ends with 0 if every step succeeded, with 1 if one failed."
        })
final class DemoCommand implements Callable<Integer> {

    /** Ctrl-C reaches QEMU as well as us, and what fails because of that should not be told as a failure. */
    private static final Duration SIGNAL_TIME = Duration.ofMillis(500);

    @Option(names = "--simulated", description = "Show two simulated guests, which need no rights and no packages.")
    private boolean simulated;

    @Option(names = "--json", description = "Print one JSON object; the steps go to standard error.")
    private boolean json;

    @Option(names = "--keep", description = "Leave everything running at the end until Enter is pressed.")
    private boolean keep;

    @Spec
    private CommandSpec spec;

    private final long beganNanos = System.nanoTime();
    private final Map<String, Object> report = new LinkedHashMap<>();
    private volatile boolean endedBySignal;

    @Override
    public Integer call() {
        Logs.set(new LogOptions(Level.WARN, false));
        PrintWriter text = json ? err() : out();
        try (Progress progress = new Progress(text, !json && Terminal.isStandardOutput());
                Cleanup cleanup = new Cleanup()) {
            endWith(progress, cleanup);
            int status = show(choose(progress), progress, cleanup, text);
            progress.step("clean-up", cleanup::close);
            if (!endedBySignal) {
                finish(text, status);
            }
            return status;
        }
    }

    private PrintWriter out() {
        return spec.commandLine().getOut();
    }

    private PrintWriter err() {
        return spec.commandLine().getErr();
    }

    /** Takes everything back when a signal ends this process. */
    private void endWith(Progress progress, Cleanup cleanup) {
        Runtime.getRuntime()
                .addShutdownHook(Thread.ofPlatform().name("clean-up").unstarted(() -> {
                    if (!cleanup.awaitBegin(Duration.ZERO)) {
                        endedBySignal = true;
                        progress.silence();
                        err().println("annulet demo: ended by a signal; taking everything back");
                        err().flush();
                        cleanup.close();
                    }
                }));
    }

    private Demonstration choose(Progress progress) {
        if (simulated) {
            return choose(progress, "as --simulated asks for");
        }
        progress.begin("tools and guest image");
        try {
            GuestImage image = Preparation.prepare(progress::note);
            progress.note("");
            progress.end("ok");
            progress.headline("Two Linux guests under QEMU and this host on one Annulet.");
            report.put("guests", "linux");
            return new LinuxDemo(image);
        } catch (CommandFailure e) {
            progress.abandon();
            return choose(progress, "because " + e.getMessage() + "; " + e.remedy());
        }
    }

    private Demonstration choose(Progress progress, String reason) {
        progress.headline("Two simulated guests on one Annulet, " + reason + ".");
        report.put("guests", "simulated");
        report.put("reason", reason);
        return new SimulatedDemo();
    }

    private int show(Demonstration demonstration, Progress progress, Cleanup cleanup, PrintWriter text) {
        try {
            Outcome outcome = demonstration.play(progress, cleanup);
            print(text, outcome.figures());
            print(text, outcome.counters());
            if (keep) {
                awaitEnter(text, outcome.suggestions());
            }
            return ExitCode.OK;
        } catch (StepFailure e) {
            if (cleanup.awaitBegin(SIGNAL_TIME)) {
                return ExitCode.SOFTWARE;
            }
            List<String> evidence = demonstration.evidence();
            report.put("failed", e.step());
            report.put("problem", String.valueOf(e.reason().getMessage()));
            report.put("evidence", evidence);
            evidence.forEach(err()::println);
            err().println("failed: " + e.step());
            Errors.explainFailure(
                    e.reason(), spec.commandLine(), spec.commandLine().getParseResult());
            return ExitCode.SOFTWARE;
        }
    }

    private void print(PrintWriter text, List<Figure> figures) {
        Map<String, Object> values = new LinkedHashMap<>();
        text.println();
        for (Figure figure : figures) {
            values.put(figure.name(), figure.values());
            text.printf("  %-20s %s%n", figure.name(), figure.text());
        }
        report.put("figures", values);
    }

    private void print(PrintWriter text, CountersSnapshot counters) {
        text.println();
        text.println(StatTable.format(counters, null));
        report.put("counters", StatCommand.report(counters));
    }

    private static void awaitEnter(PrintWriter text, List<String> suggestions) {
        text.println("Everything stays until Enter is pressed. In another terminal try:");
        suggestions.forEach(suggestion -> text.println("  " + suggestion));
        text.println();
        text.flush();
        try {
            int read = System.in.read();
            while (read >= 0 && read != '\n') {
                read = System.in.read();
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private void finish(PrintWriter text, int status) {
        long millis = TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - beganNanos);
        report.put("millis", millis);
        report.put("ok", status == ExitCode.OK);
        text.println();
        text.printf(Locale.ROOT, "%s after %.1f s%n", status == ExitCode.OK ? "done" : "FAILED", millis / 1e3);
        text.flush();
        if (json) {
            out().println(Json.write(report));
            out().flush();
        }
    }
}
