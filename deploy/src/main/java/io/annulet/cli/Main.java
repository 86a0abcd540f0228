package io.annulet.cli;

import io.annulet.cli.bench.BenchCommand;
import io.annulet.cli.sim.SimCommand;
import java.io.PrintWriter;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.IVersionProvider;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** The {@code annulet} command: its list of commands is the first screen, and its errors are one line and a hint. */
@Command(
        name = "annulet",
        description = "A virtio-style network back-end for QEMU guests, DPDK and taps.",
        mixinStandardHelpOptions = true,
        versionProvider = Main.Version.class,
        synopsisSubcommandLabel = "COMMAND",
        subcommands = {
            DemoCommand.class,
            RunCommand.class,
            SimCommand.class,
            ConformCommand.class,
            StatCommand.class,
            BenchCommand.class,
            StudyCommand.class,
            DoctorCommand.class
        },
        footer = {
            "",
            "From a source folder also:",
            "  build  build now instead of when a source is newer",
            "  test   everything that proves the project, set-up included (--quick: only what needs neither)",
            "  format lay out the sources the way the build checks them"
        })
final class Main implements Runnable {
    private static final int HELP_COLUMNS = 120;

    @Spec
    private CommandSpec spec;

    private Main() {}

    public static void main(String[] args) {
        System.exit(commandLine().execute(args));
    }

    /** The command with all of its parts; a test gives it other streams. */
    static CommandLine commandLine() {
        return new CommandLine(new Main())
                .setParameterExceptionHandler(Errors::explainUsage)
                .setExecutionExceptionHandler(Errors::explainFailure)
                .setUsageHelpWidth(HELP_COLUMNS)
                .setCaseInsensitiveEnumValuesAllowed(true);
    }

    /** Without a command: what there is to choose from. */
    @Override
    public void run() {
        PrintWriter out = spec.commandLine().getOut();
        spec.commandLine().usage(out);
        out.flush();
    }

    /** The version is the jar's, so that it is written in one place. */
    static final class Version implements IVersionProvider {
        @Override
        public String[] getVersion() {
            String version = Main.class.getPackage().getImplementationVersion();
            return new String[] {
                "annulet " + (version == null ? "(not from a jar)" : version) + ", Java " + Runtime.version()
            };
        }
    }
}
