package io.annulet.cli;

import io.annulet.backend.BackendException;
import io.annulet.cli.config.ConfigException;
import io.annulet.linux.LinuxException;
import io.annulet.vfio.VfioException;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.UncheckedIOException;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.ExitCode;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ParseResult;
import picocli.CommandLine.UnmatchedArgumentException;

/** How errors reach the user: what can be mended is one line with its remedy; only our own mistakes show a stack trace. */
final class Errors {
    private Errors() {}

    /** The command line was wrong: status 2. */
    static int explainUsage(ParameterException problem, String[] arguments) {
        CommandLine command = problem.getCommandLine();
        PrintWriter err = command.getErr();
        complain(err, command, firstLine(problem.getMessage()) + "; " + hint(problem, command));
        err.flush();
        return ExitCode.USAGE;
    }

    /** The command failed: status 2 if the user can mend it, 1 if it is our mistake. */
    static int explainFailure(Exception failure, CommandLine command, ParseResult parsed) {
        PrintWriter err = command.getErr();
        int status = ExitCode.USAGE;
        switch (failure) {
            case CommandFailure known ->
                complain(err, command, firstLine(known.getMessage()) + "; " + firstLine(known.remedy()));
            case ConfigException config -> config.problems().forEach(problem -> complain(err, command, problem));
            case BackendException known -> complain(err, command, firstLine(known.getMessage()));
            case VfioException known -> complain(err, command, firstLine(known.getMessage()));
            case LinuxException kernel -> complain(err, command, firstLine(kernel.getMessage()));
            case IOException io -> complain(err, command, sentence(io));
            case UncheckedIOException io -> complain(err, command, sentence(io));
            default -> {
                complain(err, command, "this is a mistake in Annulet, please report it:");
                failure.printStackTrace(err);
                status = ExitCode.SOFTWARE;
            }
        }
        err.flush();
        return status;
    }

    private static void complain(PrintWriter err, CommandLine command, String problem) {
        err.println(command.getCommandSpec().qualifiedName() + ": " + problem);
    }

    private static String hint(ParameterException problem, CommandLine command) {
        if (problem instanceof UnmatchedArgumentException unmatched) {
            List<String> suggestions = unmatched.getSuggestions();
            if (!suggestions.isEmpty()) {
                return "did you mean: " + String.join(", ", suggestions) + "?";
            }
        }
        return "see: " + command.getCommandSpec().qualifiedName() + " --help";
    }

    /** The messages of the JDK's file exceptions are often the bare path, so the kind is named before it. */
    private static String sentence(Exception failure) {
        Throwable root =
                failure instanceof UncheckedIOException && failure.getCause() != null ? failure.getCause() : failure;
        return root.getClass().getSimpleName() + ": " + firstLine(root.getMessage());
    }

    private static String firstLine(@Nullable String message) {
        return message == null
                ? "no further detail"
                : message.lines().findFirst().orElse("");
    }
}
