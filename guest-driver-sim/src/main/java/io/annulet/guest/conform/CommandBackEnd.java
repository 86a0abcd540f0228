package io.annulet.guest.conform;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * A back-end that the kit starts by a command, in a process group of its own, with sockets in a folder of its own; used by
 * the thread of the run, except that the JVM's end stops it too.
 *
 * <p>The command finds its sockets as {@code S0} and {@code S1} in the environment, and in place of {@code {socket}} and
 * {@code {socket2}} in its words. Only that process group is ever signalled.
 */
public final class CommandBackEnd implements BackEnd {

    private static final int LAST_LINES = 5;
    private static final long KILL_SECONDS = 5;

    private final String name;
    private final List<String> command;
    private final Path folder;
    private final Path log;
    private final Thread atExit = new Thread(this::kill, "stop-back-end");
    private volatile @Nullable Process process;

    public CommandBackEnd(String name, List<String> command) {
        this.name = name;
        this.command = List.copyOf(command);
        try {
            this.folder = Files.createTempDirectory("annulet-conform-");
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        this.log = folder.resolve("log");
        Runtime.getRuntime().addShutdownHook(atExit);
    }

    @Override
    public String name() {
        return name;
    }

    @Override
    public int ports() {
        return 2;
    }

    @Override
    public Path socket(int port) {
        return folder.resolve("s" + port + ".sock");
    }

    /** Where standard output and error of the command go; it goes with {@link #close}. */
    public Path log() {
        return log;
    }

    @Override
    public boolean start() {
        kill();
        try {
            Files.deleteIfExists(socket(0));
            Files.deleteIfExists(socket(1));
            // setsid makes the command the leader of a new session and process group, and becomes it.
            ProcessBuilder builder = new ProcessBuilder(words());
            builder.environment().put("S0", socket(0).toString());
            builder.environment().put("S1", socket(1).toString());
            builder.redirectErrorStream(true).redirectOutput(ProcessBuilder.Redirect.appendTo(log.toFile()));
            process = builder.start();
            process.getOutputStream().close();
        } catch (IOException e) {
            throw new UncheckedIOException("cannot start " + command.getFirst(), e);
        }
        return true;
    }

    private List<String> words() {
        Stream<String> words = command.stream()
                .map(word -> word.replace("{socket}", socket(0).toString())
                        .replace("{socket2}", socket(1).toString()));
        return Stream.concat(Stream.of("setsid"), words).toList();
    }

    @Override
    public boolean isAlive() {
        Process current = process;
        return current != null && current.isAlive();
    }

    @Override
    public String obituary() {
        Process current = process;
        if (current == null || current.isAlive()) {
            return "";
        }
        String lines = lastLines();
        return "the back-end ended with status " + current.exitValue() + (lines.isEmpty() ? "" : ": " + lines);
    }

    private String lastLines() {
        try {
            List<String> lines = Files.readAllLines(log, StandardCharsets.ISO_8859_1).stream()
                    .map(String::strip)
                    .filter(line -> !line.isEmpty())
                    .toList();
            return String.join(" | ", lines.subList(Math.max(0, lines.size() - LAST_LINES), lines.size()));
        } catch (IOException e) {
            return "";
        }
    }

    @Override
    public Termination terminate(long timeoutNanos) {
        Process current = process;
        if (current == null) {
            return Termination.NOT_OURS;
        }
        signal(current, "TERM");
        return ends(current, timeoutNanos) ? Termination.ENDED : Termination.STAYED;
    }

    @Override
    public void stop() {
        terminate(TimeUnit.SECONDS.toNanos(KILL_SECONDS));
        // Also what is left of the group after the command itself has ended.
        kill();
        process = null;
    }

    private void kill() {
        Process current = process;
        if (current != null) {
            signal(current, "KILL");
            ends(current, TimeUnit.SECONDS.toNanos(KILL_SECONDS));
        }
    }

    /** Signals the whole group, or the leader alone while it has not made its group yet. */
    private static void signal(Process leader, String signal) {
        String kill = "kill -s " + signal + " -- ";
        try {
            new ProcessBuilder("sh", "-c", kill + "-" + leader.pid() + " || " + kill + leader.pid())
                    .redirectErrorStream(true)
                    .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                    .start()
                    .waitFor(KILL_SECONDS, TimeUnit.SECONDS);
        } catch (IOException e) {
            leader.destroyForcibly();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private static boolean ends(Process process, long timeoutNanos) {
        try {
            return process.waitFor(timeoutNanos, TimeUnit.NANOSECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return false;
        }
    }

    @Override
    public void close() {
        stop();
        try {
            Runtime.getRuntime().removeShutdownHook(atExit);
        } catch (IllegalStateException e) {
            // The JVM is on its way out and runs the hook itself.
        }
        try (Stream<Path> files = Files.list(folder)) {
            for (Path file : files.toList()) {
                Files.deleteIfExists(file);
            }
            Files.deleteIfExists(folder);
        } catch (IOException e) {
            throw new UncheckedIOException("clear " + folder, e);
        }
    }
}
