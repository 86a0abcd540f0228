package io.annulet.cli.study;

import io.annulet.cli.CommandFailure;
import io.annulet.cli.Json;
import io.annulet.cli.study.report.Page;
import io.annulet.linux.Cpus;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;

/** One run of a study, from the sweep to the files; owned by the thread of the command. */
public final class StudyRun {

    private static final String SAMPLES = "points.csv";

    private final Study study;
    private final Path folder;
    private final long seed;
    private final boolean quick;
    private final PrintWriter out;
    private final PrintWriter err;

    public StudyRun(Study study, Path folder, long seed, boolean quick, CommandLine streams) {
        this.study = study;
        this.folder = folder;
        this.seed = seed;
        this.quick = quick;
        this.out = streams.getOut();
        this.err = streams.getErr();
    }

    /** Which sweep this is: samples of another one cannot be gone on with. */
    private String title() {
        return "annulet study " + study.name() + (quick ? " --quick" : "") + " --seed " + seed;
    }

    /**
     * Runs the sweep, or what is left of it, and writes the report.
     *
     * @throws CommandFailure if the sweep ended before its time; the report is written all the same
     */
    public int run(boolean resume, @Nullable Path compare, boolean json) throws IOException, InterruptedException {
        Results earlier = compare == null ? null : new Results(read(compare, "--compare"));
        Map<String, Object> machine = Machine.describe();
        Files.createDirectories(folder);
        Path file = folder.resolve(SAMPLES);
        List<Sample> known = resume ? resumed(file) : List.of();
        Sweep sweep = new Sweep(study, seed, known);
        String problem;
        List<String> remarks;
        try (Study.Bench bench = study.open();
                SampleFile samples =
                        resume ? SampleFile.append(file, study) : SampleFile.create(file, title(), study)) {
            problem = sweep.run(bench, samples, new Progress(err, isTerminal()));
            remarks = bench.remarks();
        }
        Map<String, Object> summary = report(sweep.results(), earlier, machine, remarks, problem);
        Files.writeString(folder.resolve("summary.json"), Json.write(summary) + "\n");
        out.println(json ? Json.write(summary) : "the report is " + folder.resolve("report.html"));
        out.flush();
        if (problem != null) {
            throw new CommandFailure(
                    problem, "what was learnt until then is in " + folder + "; --resume goes on from there");
        }
        return 0;
    }

    /** Whether what goes to the error stream is read by a person. */
    private static boolean isTerminal() {
        try {
            return Files.readSymbolicLink(Path.of("/proc/self/fd/2")).toString().matches("/dev/(pts/|tty|console).*");
        } catch (IOException e) {
            return false;
        }
    }

    private List<Sample> read(Path where, String option) throws IOException {
        Path file = where.resolve(SAMPLES);
        if (!Files.exists(file)) {
            throw new CommandFailure(
                    option + " " + where + ": there is no " + SAMPLES, "name a folder that a study wrote");
        }
        return SampleFile.read(file, study);
    }

    private List<Sample> resumed(Path file) throws IOException {
        List<Sample> known = read(folder, "--resume --out");
        String before = SampleFile.title(file);
        if (!before.equals(title())) {
            throw new CommandFailure(
                    folder + " has samples of '" + before + "', this would be '" + title() + "'",
                    "use the same options, or another --out");
        }
        return known;
    }

    private Map<String, Object> report(
            Results results,
            @Nullable Results earlier,
            Map<String, Object> machine,
            List<String> remarks,
            @Nullable String problem)
            throws IOException {
        Map<String, Object> summary = new LinkedHashMap<>();
        summary.put("study", study.name());
        summary.put("when", Instant.now().truncatedTo(ChronoUnit.SECONDS).toString());
        summary.put("complete", problem == null);
        summary.put("quick", quick);
        summary.put("seed", seed);
        summary.put("machine", machine);
        Page page = new Page("Annulet study: " + study.name());
        if (problem != null) {
            page.warning("This run is not complete: " + problem);
        }
        if (quick) {
            page.warning("A quick run: it shows that the study works; its figures are too short to be relied on.");
        }
        if (!results.isEmpty()) {
            summary.putAll(study.report(results, earlier, page));
        }
        if (!remarks.isEmpty()) {
            page.section("Not counted, not offered").list(remarks);
        }
        page.section("Machine and parameters").facts(facts(summary, machine));
        String noPng = page.write(folder);
        if (noPng != null) {
            err.println(noPng);
            err.flush();
        }
        return summary;
    }

    private Map<String, Object> facts(Map<String, Object> summary, Map<String, Object> machine) {
        Map<String, Object> facts = new LinkedHashMap<>();
        facts.put("command", title());
        facts.put("when", String.valueOf(summary.get("when")));
        facts.put("points", study.points().size() + ", each timed up to " + study.rounds() + " times");
        facts.put("order", "drawn anew for each round, seed " + seed);
        facts.putAll(machine);
        facts.put("load", machine.get("load") + " when the run began, " + Machine.load() + " at its end");
        facts.put("allowed on", "processors " + Cpus.format(Cpus.available()));
        return facts;
    }
}
