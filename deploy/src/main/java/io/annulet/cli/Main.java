package io.annulet.cli;

import io.annulet.cli.bench.BenchCommand;
import io.annulet.cli.channel.ChannelCommand;
import io.annulet.cli.config.ConfigCommand;
import io.annulet.cli.ctl.CtlCommand;
import io.annulet.cli.sim.SimCommand;
import io.annulet.cli.top.TopCommand;
import io.annulet.cli.vfio.VfioCommand;
import java.io.PrintWriter;
import java.util.Collections;
import java.util.List;
import org.jspecify.annotations.Nullable;
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
            ConfigCommand.class,
            VhostUserNetCommand.class,
            SimCommand.class,
            ConformCommand.class,
            StatCommand.class,
            TopCommand.class,
            ExplainCommand.class,
            CtlCommand.class,
            BenchCommand.class,
            ChannelCommand.class,
            StudyCommand.class,
            VfioCommand.class,
            DoctorCommand.class,
            BrokerCommand.class,
            PagesCommand.class
        },
        footer = {
            "",
            "From a source folder also:",
            "  build  build now instead of when a source is newer",
            "  test   everything that proves the project, set-up included (--quick: only what needs neither)",
            "  fuzz   tries what a hostile driver could write, millions of ways",
            "  soak   keeps a back-end under load with a fault a second beside it",
            "  format lay out the sources the way the build checks them"
        })
final class Main implements Runnable {
    private static final int HELP_COLUMNS = 120;

    /** Set in a runtime image, which has neither the project's scripts nor what draws reports. */
    private static final String INSTALLED = "annulet.installed";

    private static final List<String> SOURCE_FOLDER_ONLY = List.of("demo", "bench", "study");

    /** Commands that write about all others. */
    private static final List<String> ABOUT_ALL = List.of("pages", "completion");

    @Spec
    private CommandSpec spec;

    private Main() {}

    public static void main(String[] args) {
        System.exit(commandLineFor(args).execute(args));
    }

    /** The command with all of its parts; a test gives it other streams. */
    static CommandLine commandLine() {
        CommandLine all = new CommandLine(new Main());
        if (Boolean.getBoolean(INSTALLED)) {
            SOURCE_FOLDER_ONLY.forEach(all.getCommandSpec()::removeSubcommand);
        }
        return complete(all);
    }

    /** What these words need of it. Building all other commands takes longer than {@code run} takes to be ready. */
    static CommandLine commandLineFor(String... args) {
        Class<?> named = args.length == 0 ? null : subcommand(args[0]);
        if (named == null || !Collections.disjoint(ABOUT_ALL, List.of(args))) {
            return commandLine();
        }
        return complete(new CommandLine(new Stem()).addSubcommand(named));
    }

    private static @Nullable Class<?> subcommand(String name) {
        if (Boolean.getBoolean(INSTALLED) && SOURCE_FOLDER_ONLY.contains(name)) {
            return null;
        }
        for (Class<?> each : Main.class.getAnnotation(Command.class).subcommands()) {
            if (each.getAnnotation(Command.class).name().equals(name)) {
                return each;
            }
        }
        return null;
    }

    private static CommandLine complete(CommandLine commands) {
        return commands.setParameterExceptionHandler(Errors::explainUsage)
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

    /** The command around one of its parts. */
    @Command(name = "annulet", mixinStandardHelpOptions = true, versionProvider = Version.class)
    private static final class Stem {}

    /** The version is the jar's, so that it is written in one place. */
    static final class Version implements IVersionProvider {
        @Override
        public String[] getVersion() {
            return new String[] {"annulet " + text() + ", Java " + Runtime.version()};
        }

        /** The version by itself. */
        static String text() {
            String version = Main.class.getPackage().getImplementationVersion();
            return version == null ? "(not from a jar)" : version;
        }
    }
}
