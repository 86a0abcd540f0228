package io.annulet.soak;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Comparator;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code ./annulet soak}: load, a canary pair and a fault a second for some minutes. */
@Command(
        name = "annulet soak",
        description = "Keeps a back-end at 80 % load with a fault a second beside it, and checks every frame.",
        mixinStandardHelpOptions = true,
        usageHelpWidth = 120,
        footer = {
            "",
            "Ends with 0 if no frame was lost, memory and descriptors stayed flat and the process is the same; else with 1.",
            "",
            "  ./annulet soak        one minute",
            "  ./annulet soak 20     twenty minutes"
        })
final class SoakCommand implements Callable<Integer> {

    @Parameters(index = "0", arity = "0..1", paramLabel = "MINUTES", description = "How long (default: 1).")
    private double minutes = 1;

    @Option(names = "--seed", paramLabel = "N", description = "What the villain writes follows from it (default: 1).")
    private long seed = 1;

    @Spec
    private CommandSpec spec;

    public static void main(String[] args) {
        System.exit(new CommandLine(new SoakCommand()).execute(args));
    }

    @Override
    public Integer call() throws IOException {
        if (minutes <= 0) {
            throw new ParameterException(spec.commandLine(), "MINUTES is more than 0");
        }
        PrintWriter out = spec.commandLine().getOut();
        Path folder = Files.createTempDirectory("annulet-soak");
        try {
            Soak.Result result = Soak.run(folder, Duration.ofMillis((long) (minutes * 60_000)), seed, line -> {
                out.println(line);
                out.flush();
            });
            out.println(result);
            return 0;
        } catch (AssertionError failure) {
            out.println("failed: " + failure.getMessage());
            failure.printStackTrace(out);
            return 1;
        } finally {
            out.flush();
            remove(folder);
        }
    }

    private static void remove(Path folder) throws IOException {
        try (Stream<Path> files = Files.walk(folder)) {
            for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.deleteIfExists(file);
            }
        }
    }
}
