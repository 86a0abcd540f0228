package io.annulet.journey;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.stream.Stream;

/**
 * What a process holds of the kernel at one moment.
 *
 * @param fds how many descriptors of each kind: a socket, an eventfd, a certain file
 * @param threads how many of each name, without those that a JVM starts and ends as it likes
 * @param guestMappings mappings of files that simulated guests share as their memory
 * @param mappings all mappings
 */
public record Holdings(Map<String, Integer> fds, Map<String, Integer> threads, long guestMappings, int mappings) {

    /** A JVM's own mappings come and go with its heap, its code and its threads' stacks. */
    private static final int MAPPINGS_OF_THE_JVM = 60;

    /** Looks, 50 ms apart, that must see the same: on a busy machine a worker may need a while to let go of a queue. */
    private static final int STILL = 12;

    /** Those of the JVM, and one of Netty's that ends by itself. */
    private static final String THREADS_THAT_COME_AND_GO =
            "C[12] Compiler.*|GC Thread.*|Common-Cleaner|Attach Listener|globalEventExec";

    /** What a process holds now. */
    public static Holdings of(long pid) {
        Path process = Path.of("/proc", Long.toString(pid));
        try {
            List<String> maps = Files.readAllLines(process.resolve("maps"));
            Map<String, Integer> threads = kinds(process.resolve("task"), Holdings::threadName);
            threads.keySet().removeIf(name -> name.matches(THREADS_THAT_COME_AND_GO));
            return new Holdings(
                    kinds(process.resolve("fd"), Holdings::target),
                    threads,
                    maps.stream().filter(line -> line.contains("guest-ram")).count(),
                    maps.size());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** What a process holds once it maps the memory of so many guests, and nothing has changed for a while. */
    public static Holdings settled(long pid, int guests) {
        Holdings before = of(pid);
        int same = 0;
        for (int i = 0; i < 200 && same < STILL; i++) {
            Pause.millis(50);
            Holdings now = of(pid);
            boolean isSame =
                    now.guestMappings == guests && now.fds.equals(before.fds) && now.threads.equals(before.threads);
            same = isSame ? same + 1 : 0;
            before = now;
        }
        assertEquals(STILL, same, () -> "what process " + pid + " holds changes all the time");
        return before;
    }

    private static Map<String, Integer> kinds(Path folder, Function<Path, String> kind) throws IOException {
        Map<String, Integer> kinds = new TreeMap<>();
        try (Stream<Path> entries = Files.list(folder)) {
            entries.forEach(entry -> kinds.merge(kind.apply(entry), 1, Integer::sum));
        }
        return kinds;
    }

    private static String target(Path fd) {
        try {
            return Files.readSymbolicLink(fd).toString().replaceAll(":\\[\\d+]", "");
        } catch (IOException e) {
            return "closed meanwhile";
        }
    }

    private static String threadName(Path task) {
        try {
            return Files.readString(task.resolve("comm")).strip();
        } catch (IOException e) {
            return "ended meanwhile";
        }
    }

    /** Waits until a process holds no more than before. */
    public static void awaitSame(Holdings before, long pid, Duration limit) {
        long deadlineNanos = System.nanoTime() + limit.toNanos();
        Holdings now = of(pid);
        while (!now.isNoMoreThan(before) && System.nanoTime() - deadlineNanos < 0) {
            Pause.millis(20);
            now = of(pid);
        }
        assertEquals(before.fds, now.fds, "descriptors");
        assertEquals(before.threads, now.threads, "threads");
        assertEquals(before.guestMappings, now.guestMappings, "mappings of guest memory");
        assertTrue(now.isNoMoreThan(before), now.mappings + " mappings; before: " + before.mappings);
    }

    private boolean isNoMoreThan(Holdings before) {
        return fds.equals(before.fds)
                && threads.equals(before.threads)
                && guestMappings == before.guestMappings
                && mappings <= before.mappings + MAPPINGS_OF_THE_JVM;
    }
}
