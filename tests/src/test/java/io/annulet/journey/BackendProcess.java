package io.annulet.journey;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.annulet.backend.stats.CountersFileReader;
import io.annulet.backend.stats.CountersSnapshot;
import io.annulet.cli.HungryMain;
import io.annulet.cli.WatchedMain;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/**
 * A back-end in a process of its own, {@code annulet run} from the classes of this build; used by any thread.
 *
 * <p>Its sockets lie in the folder it was given, each named after its port. Closing it kills it if it still runs; a test
 * that wants to see an orderly end calls {@link #end} before.
 */
public final class BackendProcess implements AutoCloseable {

    private static final String SOCKET = ".sock";
    private static final long NANOS_A_TICK = 10_000_000;
    private static final Duration START_LIMIT = Duration.ofSeconds(60);
    private static final Duration END_LIMIT = Duration.ofSeconds(20);

    private final Path folder;
    private final Path counters;
    private final Child child;

    private BackendProcess(Path folder, Path counters, Child child) {
        this.folder = folder;
        this.counters = counters;
        this.child = child;
    }

    /** Starts {@code annulet run} with these arguments and waits until every port is open. */
    public static BackendProcess start(Path folder, String... arguments) {
        return start(folder, List.of("io.annulet.cli.Main"), arguments);
    }

    /** As {@link #start}, in a process that tells its {@link #nativeMemoryBytes}. */
    public static BackendProcess startWatched(Path folder, String... arguments) {
        return start(folder, List.of("-XX:NativeMemoryTracking=summary", WatchedMain.class.getName()), arguments);
    }

    /** As {@link #start}, by another program: see {@link Child#java(List, List)}. */
    public static BackendProcess startBy(List<String> launcher, Path folder, String... arguments) {
        return start(launcher, folder, List.of("io.annulet.cli.Main"), arguments);
    }

    /** As {@link #start}, in a process that fills its heap when it is told to. */
    public static BackendProcess startHungry(Path folder, String... arguments) {
        return start(List.of(), folder, List.of(HungryMain.class.getName()), arguments);
    }

    /** Has a {@link #startHungry hungry} one fill its heap, and waits until that is full. */
    public void fillHeap() {
        long mark = child.mark();
        child.type(HungryMain.EAT);
        child.awaitLine(mark, HungryMain.FULL::equals, START_LIMIT);
    }

    /** Has it let go of what it filled its heap with. */
    public void emptyHeap() {
        long mark = child.mark();
        child.type("");
        child.awaitLine(mark, HungryMain.EMPTY::equals, START_LIMIT);
    }

    private static BackendProcess start(Path folder, List<String> program, String... arguments) {
        return start(List.of(), folder, program, arguments);
    }

    private static BackendProcess start(List<String> launcher, Path folder, List<String> program, String... arguments) {
        Path counters = folder.resolve("counters");
        List<String> words = new ArrayList<>(program);
        words.addAll(List.of("run", "--counters", counters.toString()));
        words.addAll(List.of(arguments));
        BackendProcess backend = new BackendProcess(folder, counters, Child.java(launcher, words));
        boolean ready = false;
        try {
            backend.child.awaitLine("ready", START_LIMIT);
            ready = true;
            return backend;
        } finally {
            if (!ready) {
                backend.close();
            }
        }
    }

    /** The argument for a port that listens for a front-end at {@link #socket}. */
    public static String guestPort(Path folder, String name, String... options) {
        return String.join(
                ",",
                Stream.concat(Stream.of(name + "=vhost-user:" + socket(folder, name)), Stream.of(options))
                        .toList());
    }

    /** As {@link #start}, with ports of these names that listen for front-ends, on one switch. */
    public static BackendProcess withPorts(Path folder, String... names) {
        return start(
                folder,
                Stream.of(names)
                        .flatMap(name -> Stream.of("--port", guestPort(folder, name)))
                        .toArray(String[]::new));
    }

    public static Path socket(Path folder, String port) {
        return folder.resolve(port + SOCKET);
    }

    public Path socket(String port) {
        return socket(folder, port);
    }

    public long pid() {
        return child.pid();
    }

    /** What it has printed and logged so far. */
    public String log() {
        return child.text();
    }

    /** A mark in what it prints: see {@link #logSince}. */
    public long logMark() {
        return child.mark();
    }

    /** The lines that it has printed and logged since the mark, without its answers about memory. */
    public List<String> logSince(long mark) {
        return child.linesSince(mark).stream()
                .filter(line -> !line.startsWith(WatchedMain.ANSWER))
                .toList();
    }

    /** Native memory that its Java code holds, garbage apart; of one that was {@link #startWatched started watched}. */
    public long nativeMemoryBytes() {
        long mark = child.mark();
        child.type("");
        String answer = child.awaitLine(mark, line -> line.startsWith(WatchedMain.ANSWER), START_LIMIT);
        return Long.parseLong(answer.substring(WatchedMain.ANSWER.length()));
    }

    /** Processor time that all its threads have used so far, in steps of a hundredth of a second. */
    public long processorNanos() {
        try {
            String stat = Files.readString(Path.of("/proc", Long.toString(pid()), "stat"));
            String[] fields = stat.substring(stat.lastIndexOf(')') + 2).split(" ", -1);
            return (Long.parseLong(fields[11]) + Long.parseLong(fields[12])) * NANOS_A_TICK;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    public void assertAlive() {
        assertTrue(child.isAlive(), () -> "the back-end has ended; it said:\n" + log());
    }

    /** Descriptors, threads and mappings of the process once it serves so many guests, and nothing changes any more. */
    public Holdings settledHoldings(int guests) {
        return Holdings.settled(pid(), guests);
    }

    /** All counters as they are now. */
    public CountersSnapshot counters() {
        try (CountersFileReader reader = CountersFileReader.open(counters)) {
            return reader.snapshot();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** One counter of a port as it is now. */
    public long counter(String port, String name) {
        Long value = counters().ports().getOrDefault(port, Map.of()).get(name);
        if (value == null) {
            throw new AssertionError("port " + port + " has no counter " + name);
        }
        return value;
    }

    /** Where {@code annulet stat} finds its counters. */
    public Path countersFile() {
        return counters;
    }

    /** Ends it as a service manager does, and sees to it that it went well and took its sockets and counters along. */
    public void end() {
        child.terminate();
        assertEquals(0, child.awaitEnd(END_LIMIT), () -> "status after SIGTERM; it said:\n" + log());
        try (Stream<Path> entries = Files.list(folder)) {
            List<Path> left = entries.filter(
                            file -> file.equals(counters) || file.toString().endsWith(SOCKET))
                    .toList();
            assertEquals(List.of(), left, "left behind");
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Another process has taken over from it: it ends by itself, and that went well. */
    public void awaitHandedOver() {
        assertEquals(0, child.awaitEnd(END_LIMIT), () -> "status after a hand-over; it said:\n" + log());
    }

    @Override
    public void close() {
        child.close();
    }
}
