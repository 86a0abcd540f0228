package io.annulet.journey;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.io.Writer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * A process that a test started: its lines, its input, its end. Its output is read by a thread of its own, so that it
 * never waits for us; everything else may be called by any thread. Closing it kills it.
 */
public final class Child implements AutoCloseable {

    private static final int KEPT_LINES = 5_000;

    private final Process process;
    private final ArrayDeque<String> lines = new ArrayDeque<>();
    private final Thread reader;
    private long lineCount;
    private boolean ended;

    private Child(Process process) {
        this.process = process;
        this.reader = Thread.ofVirtual().start(this::readLines);
    }

    /** Runs a program; what it prints and what it logs come as one stream of lines. */
    public static Child run(List<String> command) {
        try {
            return new Child(
                    new ProcessBuilder(command).redirectErrorStream(true).start());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Runs a class of this build as {@code ./annulet} runs its own, with the tests on the class path. */
    public static Child java(List<String> mainAndArguments) {
        return java(List.of(), mainAndArguments);
    }

    /** Likewise by another program, such as one that sets limits and then executes the words behind its own. */
    public static Child java(List<String> launcher, List<String> mainAndArguments) {
        List<String> command = new ArrayList<>(launcher);
        command.addAll(javaCommand(mainAndArguments));
        return run(command);
    }

    /** The words that {@link #java(List)} runs. */
    public static List<String> javaCommand(List<String> mainAndArguments) {
        Path options = Path.of(System.getProperty("annulet.root", "..")).resolve("deploy/jvm.options");
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "@" + options.toAbsolutePath().normalize(),
                "-ea",
                "-cp",
                System.getProperty("java.class.path")));
        command.addAll(mainAndArguments);
        return command;
    }

    private void readLines() {
        try (BufferedReader output = process.inputReader(UTF_8)) {
            for (String line = output.readLine(); line != null; line = output.readLine()) {
                add(line);
            }
        } catch (IOException e) {
            add("(its output broke off: " + e.getMessage() + ")");
        } finally {
            end();
        }
    }

    private synchronized void add(String line) {
        lines.add(line);
        lineCount++;
        if (lines.size() > KEPT_LINES) {
            lines.remove();
        }
        notifyAll();
    }

    private synchronized void end() {
        ended = true;
        notifyAll();
    }

    public long pid() {
        return process.pid();
    }

    public boolean isAlive() {
        return process.isAlive();
    }

    /** How many lines have come so far: a mark for {@link #awaitLine(long, Predicate, Duration)}. */
    public synchronized long mark() {
        return lineCount;
    }

    /** Waits for a line that is exactly this. */
    public String awaitLine(String wanted, Duration limit) {
        return awaitLine(0, wanted::equals, limit);
    }

    /** Waits for a line behind the mark that meets a condition. */
    public synchronized String awaitLine(long mark, Predicate<String> wanted, Duration limit) {
        long deadlineNanos = System.nanoTime() + limit.toNanos();
        while (true) {
            String found = find(mark, wanted);
            if (found != null) {
                return found;
            }
            long leftNanos = deadlineNanos - System.nanoTime();
            if (ended || leftNanos <= 0) {
                throw new AssertionError("the line did not come " + (ended ? "before its end" : "in " + limit) + ":\n"
                        + String.join("\n", lines));
            }
            pause(leftNanos);
        }
    }

    private @Nullable String find(long mark, Predicate<String> wanted) {
        long number = lineCount - lines.size();
        for (String line : lines) {
            if (number++ >= mark && wanted.test(line)) {
                return line;
            }
        }
        return null;
    }

    private void pause(long nanos) {
        try {
            TimeUnit.NANOSECONDS.timedWait(this, Math.max(1_000_000, nanos));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new AssertionError("interrupted", e);
        }
    }

    /** The lines behind the mark. */
    public synchronized List<String> linesSince(long mark) {
        long first = lineCount - lines.size();
        return lines.stream().skip(Math.max(0, mark - first)).toList();
    }

    /** All lines that are kept: the last few thousand. */
    public synchronized String text() {
        return String.join("\n", lines);
    }

    /** Writes a line to its input. */
    public void type(String line) {
        try {
            Writer input = process.outputWriter(UTF_8);
            input.write(line + "\n");
            input.flush();
        } catch (IOException e) {
            throw new UncheckedIOException("it takes no input; it said:\n" + text(), e);
        }
    }

    /** SIGTERM. The process's own method would also close the stream of what it says at its end; its handle's does not. */
    public void terminate() {
        process.toHandle().destroy();
    }

    /** SIGKILL, and waits until it is gone. */
    public void kill() {
        process.destroyForcibly();
        awaitEnd(Duration.ofSeconds(20));
    }

    /** Waits for its end and returns its status. */
    public int awaitEnd(Duration limit) {
        try {
            if (!process.waitFor(limit.toNanos(), TimeUnit.NANOSECONDS)) {
                throw new AssertionError("still there after " + limit + "; it said:\n" + text());
            }
            reader.join(Duration.ofSeconds(5));
            return process.exitValue();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new AssertionError("interrupted", e);
        }
    }

    @Override
    public void close() {
        kill();
    }
}
