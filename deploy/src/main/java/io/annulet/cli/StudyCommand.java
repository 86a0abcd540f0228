package io.annulet.cli;

import io.annulet.cli.config.LogOptions;
import io.annulet.cli.study.Study;
import io.annulet.cli.study.StudyRun;
import io.annulet.cli.study.batching.BatchingStudy;
import io.annulet.cli.study.copy.CopyStudy;
import io.annulet.cli.study.syscalls.SyscallStudy;
import io.annulet.cli.study.umem.UmemStudy;
import java.io.IOException;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import org.slf4j.event.Level;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code annulet study}: measures what batching, copying, system calls and pools of memory cost, and writes a report. */
@Command(
        name = "study",
        description =
                "Measures what batching, copying, system calls and pools of memory cost here, and writes a report.",
        mixinStandardHelpOptions = true,
        synopsisSubcommandLabel = "COMMAND",
        subcommands = {
            StudyCommand.Batching.class,
            StudyCommand.Copy.class,
            StudyCommand.Syscalls.class,
            StudyCommand.Umem.class
        },
        footer = {
            "",
            "Each writes report.html (one file, with charts), the charts as SVG and PNG, points.csv and summary.json.",
            "Nothing else should run on the machine meanwhile.",
            "",
            "  annulet study batching --out /tmp/batching",
            "  annulet study batching --out /tmp/batching --resume",
            "  annulet study copy --compare docs/studies/copy"
        })
final class StudyCommand implements Runnable {

    @Spec
    private CommandSpec spec;

    /** Without a study: what there is to choose from. */
    @Override
    public void run() {
        spec.commandLine().usage(spec.commandLine().getOut());
        spec.commandLine().getOut().flush();
    }

    /** What every study takes. */
    static final class Options {

        @Option(
                names = "--out",
                paramLabel = "DIR",
                description = "Where the report goes (default: study-NAME in the current folder).")
        private @Nullable Path out;

        @Option(names = "--quick", description = "Few points, short ones: to see that it works, not what it costs.")
        private boolean quick;

        @Option(names = "--seed", paramLabel = "N", description = "Draws the order of points (default: 1).")
        private long seed = 1;

        @Option(names = "--resume", description = "Go on with the sweep in DIR, which was cut short.")
        private boolean resume;

        @Option(names = "--compare", paramLabel = "DIR", description = "Lay the results of an earlier run over these.")
        private @Nullable Path compare;

        @Option(names = "--json", description = "Print the summary as one JSON object.")
        private boolean json;

        private int run(Study study, CommandSpec spec) throws IOException, InterruptedException {
            // Guests come and go by the hundred, which is nothing to tell.
            Logs.set(new LogOptions(Level.WARN, false));
            Path folder = out != null ? out : Path.of("study-" + study.name());
            return new StudyRun(study, folder, seed, quick, spec.commandLine()).run(resume, compare, json);
        }
    }

    /** {@code annulet study batching}. */
    @Command(
            name = "batching",
            description = "What a notification costs and how batching, suppression and polling spread it over frames.",
            mixinStandardHelpOptions = true)
    static final class Batching implements Callable<Integer> {

        @Mixin
        private Options options;

        @Option(
                names = "--socket",
                paramLabel = "PATH",
                description = "Also measure the transmit direction of the vhost-user back-end that listens there.")
        private @Nullable Path socket;

        @Spec
        private CommandSpec spec;

        @Override
        public Integer call() throws IOException, InterruptedException {
            return options.run(new BatchingStudy(options.quick, socket), spec);
        }
    }

    /** {@code annulet study copy}. */
    @Command(
            name = "copy",
            description = "What copies of a frame cost, and from which length on it pays to avoid one.",
            mixinStandardHelpOptions = true)
    static final class Copy implements Callable<Integer> {

        @Mixin
        private Options options;

        @Spec
        private CommandSpec spec;

        @Override
        public Integer call() throws IOException, InterruptedException {
            return options.run(new CopyStudy(options.quick), spec);
        }
    }

    /** {@code annulet study syscalls}. */
    @Command(
            name = "syscalls",
            description = "What it costs to get frames through a tap: a call each, gathered, or through io_uring.",
            mixinStandardHelpOptions = true)
    static final class Syscalls implements Callable<Integer> {

        @Mixin
        private Options options;

        @Spec
        private CommandSpec spec;

        @Override
        public Integer call() throws IOException, InterruptedException {
            return options.run(new SyscallStudy(options.quick), spec);
        }
    }

    /** {@code annulet study umem}. */
    @Command(
            name = "umem",
            description = "How many chunks an AF_XDP socket needs for a rate of arrivals, against a model.",
            mixinStandardHelpOptions = true)
    static final class Umem implements Callable<Integer> {

        @Mixin
        private Options options;

        @Spec
        private CommandSpec spec;

        @Override
        public Integer call() throws IOException, InterruptedException {
            return options.run(new UmemStudy(options.quick), spec);
        }
    }
}
