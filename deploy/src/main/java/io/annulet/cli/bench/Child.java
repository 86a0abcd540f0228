package io.annulet.cli.bench;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.annulet.cli.CommandFailure;
import io.annulet.linux.PausedProcess;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * A process that the bench started, and that never outlives it: the kernel kills it when the thread that started it ends;
 * used by that thread.
 */
final class Child implements AutoCloseable {

    private static final long LIMIT_SECONDS = 180;
    private static final long END_SECONDS = 3;
    private static final long TERM_SECONDS = 2;

    private final String name;
    private final Process process;
    private final Path log;
    private final BufferedReader lines;
    private final PrintWriter commands;
    private @Nullable PausedProcess pause;

    private Child(String name, Process process, Path log) {
        this.name = name;
        this.process = process;
        this.log = log;
        this.lines = process.inputReader(UTF_8);
        this.commands = new PrintWriter(process.outputWriter(UTF_8), true);
    }

    /**
     * Starts a program.
     *
     * @param log where its complaints go
     */
    static Child start(String name, Path log, List<String> command) {
        List<String> all = new ArrayList<>(List.of("setpriv", "--pdeathsig", "KILL"));
        all.addAll(command);
        try {
            Process process =
                    new ProcessBuilder(all).redirectError(log.toFile()).start();
            // Who reads what it says waits for its end, so the limit has to come from another thread.
            Thread.startVirtualThread(() -> killAfter(process, LIMIT_SECONDS));
            return new Child(name, process, log);
        } catch (IOException e) {
            throw new CommandFailure(
                    "cannot start " + name + ": " + e.getMessage(), "install util-linux and " + name, e);
        }
    }

    private static void killAfter(Process process, long seconds) {
        try {
            if (!process.waitFor(seconds, TimeUnit.SECONDS)) {
                process.destroyForcibly();
            }
        } catch (InterruptedException e) {
            process.destroyForcibly();
        }
    }

    long pid() {
        return process.pid();
    }

    /** Reads lines until this one. */
    void awaitLine(String expected) {
        String line = readLine();
        while (!line.equals(expected)) {
            line = readLine();
        }
    }

    /** Sends a line and returns the one that answers it. */
    String ask(String command) {
        commands.println(command);
        return readLine();
    }

    private String readLine() {
        try {
            String line = lines.readLine();
            if (line != null) {
                return line;
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        throw endedTooSoon();
    }

    private CommandFailure endedTooSoon() {
        return new CommandFailure(name + " ended too soon: " + lastComplaint(), "run it by hand to see why");
    }

    /** @throws CommandFailure if it has ended, with what it complained about */
    void assertRunning() {
        if (!process.isAlive()) {
            throw endedTooSoon();
        }
    }

    private String lastComplaint() {
        try (Stream<String> all = Files.lines(log)) {
            return all.filter(line -> !line.isBlank()).reduce("no word", (_, line) -> line);
        } catch (IOException e) {
            return "no word";
        }
    }

    /** Stops it until {@link #go}, so that it takes nothing from another one. */
    void pause() {
        if (pause == null && process.isAlive()) {
            pause = PausedProcess.pause(process.pid());
        }
    }

    void go() {
        if (pause != null && process.isAlive()) {
            pause.close();
        }
        pause = null;
    }

    /** The processor time of its threads, those not counted that have ended. */
    long cpuNanos() {
        long nanos = 0;
        try (Stream<Path> tasks = Files.list(Path.of("/proc", Long.toString(pid()), "task"))) {
            for (Path task : tasks.toList()) {
                nanos += taskNanos(task);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return nanos;
    }

    /** From Documentation/scheduler/sched-stats.rst: the first number is nanoseconds on a processor. */
    private static long taskNanos(Path task) {
        try {
            return Long.parseLong(Files.readString(task.resolve("schedstat")).split(" ", -1)[0]);
        } catch (IOException threadHasEnded) {
            return 0;
        }
    }

    /** Kilobytes that a field of {@code /proc/PID/status} gives. */
    long statusKilobytes(String field) {
        try (Stream<String> status = Files.lines(Path.of("/proc", Long.toString(pid()), "status"))) {
            return status.filter(line -> line.startsWith(field + ":"))
                    .mapToLong(line -> Long.parseLong(line.replaceAll("[^0-9]", "")))
                    .sum();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public void close() {
        go();
        process.destroy();
        try {
            if (!process.waitFor(TERM_SECONDS, TimeUnit.SECONDS)) {
                process.destroyForcibly().waitFor(END_SECONDS, TimeUnit.SECONDS);
            }
        } catch (InterruptedException e) {
            process.destroyForcibly();
            Thread.currentThread().interrupt();
        }
    }
}
