package io.annulet.cli.demo;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.annulet.cli.CommandFailure;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** Programs of this host that say little and end soon. */
final class Programs {

    private static final Duration LIMIT = Duration.ofSeconds(60);

    private Programs() {}

    /** What a program said on both streams, and its exit status. */
    record Output(int status, String text) {}

    /** @throws CommandFailure if it cannot be started or does not end in time */
    static Output run(List<String> command) {
        String line = String.join(" ", command);
        try {
            Process process =
                    new ProcessBuilder(command).redirectErrorStream(true).start();
            process.getOutputStream().close();
            // Reading ends when the program does, so the limit has to come from another thread.
            Thread.startVirtualThread(() -> killAfter(process, LIMIT));
            String text = new String(process.getInputStream().readAllBytes(), UTF_8).strip();
            return new Output(process.waitFor(), text);
        } catch (IOException e) {
            throw new CommandFailure("cannot run '" + line + "': " + e.getMessage(), "check that it is installed", e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new CommandFailure("interrupted during '" + line + "'", "run it again", e);
        }
    }

    /** Runs a program that has to succeed; returns what it said. */
    static String mustRun(List<String> command) {
        Output output = run(command);
        if (output.status() != 0) {
            throw new CommandFailure(
                    "'" + String.join(" ", command) + "' ended with status " + output.status() + ": " + output.text(),
                    "run it to see why");
        }
        return output.text();
    }

    private static void killAfter(Process process, Duration limit) {
        try {
            if (!process.waitFor(limit.toSeconds(), TimeUnit.SECONDS)) {
                process.destroyForcibly();
            }
        } catch (InterruptedException e) {
            process.destroyForcibly();
        }
    }
}
