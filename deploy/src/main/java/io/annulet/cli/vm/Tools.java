package io.annulet.cli.vm;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.annulet.cli.CommandFailure;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/** The project's set-up scripts, run as children. */
public final class Tools {
    private static final int LONGEST_INSTALL_MINUTES = 15;

    private Tools() {}

    /**
     * Installs what is missing of some components, as {@code deploy/setup/install-tools} names them; at once when
     * nothing is.
     *
     * @param progress gets each line that the script prints
     * @throws CommandFailure if something is still missing, for example because we are not root
     */
    public static void install(Consumer<String> progress, String... components) {
        run("deploy/setup/install-tools", List.of(components), progress);
    }

    /** Runs a script whose last line, when it fails, is "name: problem: remedy". */
    static void run(String script, List<String> arguments, Consumer<String> progress) {
        List<String> command = new ArrayList<>();
        Path file = ProjectFiles.root().resolve(script);
        command.add(file.toString());
        command.addAll(arguments);
        try {
            Process process =
                    new ProcessBuilder(command).redirectErrorStream(true).start();
            String lastLine = "";
            // Whoever reads the script's output waits for its end, so the time limit has to come from outside.
            Thread.startVirtualThread(() -> killWhenTooLong(process));
            process.getOutputStream().close();
            try (BufferedReader lines = process.inputReader(UTF_8)) {
                for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                    lastLine = line.substring(line.startsWith(file.getFileName() + ": ") ? line.indexOf(' ') + 1 : 0);
                    progress.accept(lastLine);
                }
            }
            int status = process.waitFor();
            if (status != 0) {
                throw failure(script, status, lastLine);
            }
        } catch (IOException e) {
            throw new CommandFailure("cannot run " + script + ": " + e.getMessage(), "check that bash is there", e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new CommandFailure("interrupted while " + script + " ran", "run it again", e);
        }
    }

    private static void killWhenTooLong(Process process) {
        try {
            if (!process.waitFor(LONGEST_INSTALL_MINUTES, TimeUnit.MINUTES)) {
                process.destroyForcibly();
            }
        } catch (InterruptedException e) {
            process.destroyForcibly();
        }
    }

    private static CommandFailure failure(String script, int status, String lastLine) {
        int remedyAt = lastLine.lastIndexOf(": ");
        return remedyAt < 0
                ? new CommandFailure(script + " ended with status " + status + " " + lastLine, "run it to see why")
                : new CommandFailure(lastLine.substring(0, remedyAt), lastLine.substring(remedyAt + 2));
    }
}
