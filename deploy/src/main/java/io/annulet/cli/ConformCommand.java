package io.annulet.cli;

import io.annulet.guest.conform.BackEnd;
import io.annulet.guest.conform.Binding;
import io.annulet.guest.conform.CommandBackEnd;
import io.annulet.guest.conform.ConformanceReport;
import io.annulet.guest.conform.ConformanceRun;
import io.annulet.guest.conform.JUnitReport;
import io.annulet.guest.conform.Limits;
import io.annulet.guest.conform.MarkdownReport;
import io.annulet.guest.conform.Rule;
import io.annulet.guest.conform.RuleResult;
import io.annulet.guest.conform.Rules;
import io.annulet.guest.conform.SocketBackEnd;
import io.annulet.guest.conform.Verdict;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code annulet conform}: tries a vhost-user net back-end rule by rule. */
@Command(
        name = "conform",
        description = "Checks any vhost-user net back-end against vhost-user and VIRTIO, rule by rule.",
        mixinStandardHelpOptions = true,
        sortOptions = false,
        footer = {
            "",
            "COMMAND is started in a process group of its own and listens at two sockets, one for each of two ports between",
            "which it forwards frames. It finds them as S0 and S1 in its environment, and in place of {socket} and",
            "{socket2} in its words. If it dies or hangs, that rule fails, and it is started again for the next one. A",
            "back-end that runs already is given with --socket; if it goes away, the remaining rules are not run.",
            "",
            "Verdicts: pass; FAIL; advised (a recommendation is not followed); not offered (the rule is about a feature that",
            "the back-end does not have); skipped; not run. Ends with 0 if nothing failed and all was run, else with 1.",
            "",
            "  annulet conform -- annulet run --port a=vhost-user:{socket} --port b=vhost-user:{socket2}",
            "  annulet conform -- sh -c 'exec my-back-end --socket-path $S0 --second-socket-path $S1'",
            "  annulet conform --socket /run/a.sock --socket2 /run/b.sock --rule VU-MSG --rule VU-RING-03",
            "  annulet conform --junit conform.xml -- deploy/conform/dpdk-net-vhost",
            "  annulet conform --markdown --back-end DPDK=deploy/conform/dpdk-net-vhost --back-end OVS=deploy/conform/ovs-dpdk",
            "  annulet conform --list"
        })
final class ConformCommand implements Callable<Integer> {

    @Parameters(paramLabel = "COMMAND", arity = "0..*", description = "Starts the back-end; put -- before it.")
    private List<String> command = List.of();

    @Option(
            names = "--socket",
            paramLabel = "PATH",
            description = "Where the first port of a running back-end listens.")
    private @Nullable Path socket;

    @Option(
            names = "--socket2",
            paramLabel = "PATH",
            description = "Where its second port listens; without one what needs traffic is skipped.")
    private @Nullable Path socket2;

    @Option(
            names = "--back-end",
            paramLabel = "NAME=COMMAND",
            description = "A back-end with its command in one word, for sh; more than one are tried in turn.")
    private Map<String, String> backEnds = new LinkedHashMap<>();

    @Option(names = "--name", paramLabel = "NAME", description = "What the back-end is called in reports.")
    private @Nullable String name;

    @Option(
            names = "--rule",
            paramLabel = "ID",
            description = "Only this rule, or all whose id begins so; may be repeated.")
    private List<String> rules = List.of();

    @Option(names = "--list", description = "Show the rules and where they are written, and end.")
    private boolean list;

    @Option(names = "--junit", paramLabel = "FILE", description = "Write JUnit XML, for one back-end.")
    private @Nullable Path junit;

    @Option(names = "--json", description = "Print one JSON object instead of the table.")
    private boolean json;

    @Option(names = "--markdown", description = "Print a Markdown matrix of rules and back-ends instead of the table.")
    private boolean markdown;

    @Option(
            names = "--start-seconds",
            paramLabel = "N",
            description = "How long a back-end may take to listen (default: ${DEFAULT-VALUE}).")
    private int startSeconds = 60;

    @Option(
            names = "--wait-seconds",
            paramLabel = "N",
            description = "How long anything may take that has to happen (default: ${DEFAULT-VALUE}).")
    private int waitSeconds = 5;

    @Option(
            names = "--settle-ms",
            paramLabel = "N",
            description = "How long to wait between connections (default: ${DEFAULT-VALUE}).")
    private int settleMilliseconds = 100;

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() throws IOException {
        List<Rule> chosen = Rules.startingWith(rules);
        if (chosen.isEmpty()) {
            throw new ParameterException(spec.commandLine(), "no rule begins with " + String.join(" or ", rules));
        }
        if (list) {
            list(chosen);
            return 0;
        }
        List<BackEnd> tried = backEnds();
        List<ConformanceReport> reports = new ArrayList<>();
        for (BackEnd backEnd : tried) {
            try (backEnd) {
                reports.add(run(backEnd, chosen, tried.size() > 1));
            }
        }
        write(reports);
        return reports.stream().allMatch(ConformanceReport::conforms) ? 0 : 1;
    }

    private void list(List<Rule> chosen) {
        PrintWriter out = spec.commandLine().getOut();
        if (json) {
            out.println(Json.write(chosen.stream().map(ConformCommand::toMap).toList()));
        } else {
            for (Rule rule : chosen) {
                out.printf(
                        "%-13s%-8s%s%n%21s%s%n",
                        rule.id(),
                        rule.binding() == Binding.MUST ? "must" : "should",
                        rule.expectation(),
                        "",
                        rule.source());
            }
        }
        out.flush();
    }

    // Which back-ends.

    private List<BackEnd> backEnds() {
        int ways = (command.isEmpty() ? 0 : 1) + (socket == null ? 0 : 1) + (backEnds.isEmpty() ? 0 : 1);
        if (ways != 1) {
            throw new ParameterException(
                    spec.commandLine(),
                    ways == 0
                            ? "no back-end: give -- COMMAND, --back-end NAME=COMMAND or --socket PATH"
                            : "only one of -- COMMAND, --back-end and --socket");
        }
        if (socket2 != null && socket == null) {
            throw new ParameterException(spec.commandLine(), "--socket2 without --socket");
        }
        if (junit != null && backEnds.size() > 1) {
            throw new ParameterException(spec.commandLine(), "--junit is for one back-end");
        }
        Path folder = junit == null ? null : junit.toAbsolutePath().getParent();
        if (folder != null && !Files.isWritable(folder)) {
            throw new ParameterException(
                    spec.commandLine(), "cannot write " + junit + ": create its folder, or give another one");
        }
        if (socket != null) {
            return List.of(new SocketBackEnd(nameOr(socket.toString()), sockets(socket)));
        }
        if (!command.isEmpty()) {
            return List.of(new CommandBackEnd(nameOr(command.getFirst()), command));
        }
        return backEnds.entrySet().stream()
                .<BackEnd>map(entry -> new CommandBackEnd(entry.getKey(), List.of("sh", "-c", entry.getValue())))
                .toList();
    }

    private String nameOr(String other) {
        return name == null ? other : name;
    }

    private List<Path> sockets(Path first) {
        return socket2 == null ? List.of(first) : List.of(first, socket2);
    }

    private Limits limits() {
        if (startSeconds < 1 || waitSeconds < 1 || settleMilliseconds < 0) {
            throw new ParameterException(spec.commandLine(), "times are positive");
        }
        return Limits.DEFAULTS
                .withStartNanos(TimeUnit.SECONDS.toNanos(startSeconds))
                .withWaitNanos(TimeUnit.SECONDS.toNanos(waitSeconds))
                .withSettleNanos(TimeUnit.MILLISECONDS.toNanos(settleMilliseconds));
    }

    // The run.

    private ConformanceReport run(BackEnd backEnd, List<Rule> chosen, boolean several) {
        // What is printed for a machine stays clean; people see the progress on standard error then.
        PrintWriter out = json || markdown
                ? spec.commandLine().getErr()
                : spec.commandLine().getOut();
        if (several) {
            out.println(backEnd.name() + ":");
            out.flush();
        }
        List<RuleResult> results = new ConformanceRun(backEnd, limits(), new Progress(out)).run(chosen);
        ConformanceReport report = new ConformanceReport(backEnd.name(), results);
        out.println();
        out.println(report.summary());
        out.flush();
        if (report.count(Verdict.NOT_RUN) == results.size()) {
            remedy(results.getFirst().seen());
        }
        return report;
    }

    private void remedy(String reason) {
        PrintWriter err = spec.commandLine().getErr();
        String check = socket == null
                ? "check that the command by itself listens at $S0 and $S1, and how long it takes (--start-seconds)"
                : "check that a back-end listens there and serves no other front-end";
        err.println("annulet conform: nothing could be tried: " + reason + "; " + check);
        err.flush();
    }

    private void write(List<ConformanceReport> reports) throws IOException {
        if (junit != null) {
            Files.writeString(junit, JUnitReport.write(reports.getFirst()));
        }
        PrintWriter out = spec.commandLine().getOut();
        if (json) {
            out.println(Json.write(Map.of(
                    "backEnds", reports.stream().map(ConformCommand::toMap).toList())));
        } else if (markdown) {
            out.print(MarkdownReport.write(reports));
        }
        out.flush();
    }

    private static Map<String, Object> toMap(ConformanceReport report) {
        Map<String, Object> map = new LinkedHashMap<>();
        map.put("name", report.name());
        map.put("conforms", report.conforms());
        map.put("summary", report.summary());
        map.put("results", report.results().stream().map(ConformCommand::toMap).toList());
        return map;
    }

    private static Map<String, Object> toMap(RuleResult result) {
        Map<String, Object> map = toMap(result.rule());
        map.put("verdict", result.verdict().name().toLowerCase(Locale.ROOT));
        map.put("expected", result.expected());
        map.put("seen", result.seen());
        map.put("microseconds", TimeUnit.NANOSECONDS.toMicros(result.nanos()));
        return map;
    }

    private static Map<String, Object> toMap(Rule rule) {
        Map<String, Object> map = new LinkedHashMap<>();
        map.put("rule", rule.id());
        map.put("binding", rule.binding().name().toLowerCase(Locale.ROOT));
        map.put("document", rule.document().title());
        map.put("section", rule.section());
        map.put("expectation", rule.expectation());
        return map;
    }
}
