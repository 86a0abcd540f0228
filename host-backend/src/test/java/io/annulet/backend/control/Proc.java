package io.annulet.backend.control;

import io.annulet.linux.Fd;
import io.annulet.linux.FileDescriptors;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Stream;

/** What the kernel tells about this process, and descriptors of files that only Java can open. */
final class Proc {

    private static final Path DESCRIPTORS = Path.of("/proc/self/fd");

    private Proc() {}

    /** Memory mappings of files whose path has {@code part} in it. */
    static int mappingsOf(String part) {
        try (Stream<String> lines = Files.lines(Path.of("/proc/self/maps"))) {
            return (int) lines.filter(line -> line.contains(part)).count();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Open descriptors, counted by what they are: files by their path, all others by their kind. */
    static Map<String, Long> descriptorsByKind() {
        try {
            Map<String, Long> kinds = new TreeMap<>();
            for (int number : numbers()) {
                String target = Files.readSymbolicLink(DESCRIPTORS.resolve(String.valueOf(number)))
                        .toString();
                kinds.merge(target.replaceFirst("^(socket|pipe):.*", "$1"), 1L, Long::sum);
            }
            return kinds;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    static long freeHugePages() {
        return memoryInfo("HugePages_Free:");
    }

    static long hugePageBytes() {
        return 1024 * memoryInfo("Hugepagesize:");
    }

    private static long memoryInfo(String label) {
        try (Stream<String> lines = Files.lines(Path.of("/proc/meminfo"))) {
            return lines.filter(line -> line.startsWith(label))
                    .mapToLong(line -> Long.parseLong(line.replaceAll("\\D", "")))
                    .findFirst()
                    .orElse(0);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** A file, opened for reading. */
    static Fd open(Path path) {
        try {
            Set<Integer> before = numbers();
            try (FileChannel opened = FileChannel.open(path, StandardOpenOption.READ)) {
                Set<Integer> added = numbers();
                added.removeAll(before);
                if (added.isEmpty() || !opened.isOpen()) {
                    throw new IllegalStateException("no descriptor of " + path);
                }
                return FileDescriptors.duplicate(Fd.of(added.iterator().next()));
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** The same file, opened for reading only. */
    static Fd readOnly(Fd file) {
        return open(DESCRIPTORS.resolve(String.valueOf(file.number())));
    }

    /** A second descriptor of the pipe that was opened last. */
    static Fd lastPipe() {
        try {
            int last = -1;
            for (int number : numbers()) {
                Path link = DESCRIPTORS.resolve(String.valueOf(number));
                if (Files.readSymbolicLink(link).toString().startsWith("pipe:")) {
                    last = number;
                }
            }
            return FileDescriptors.duplicate(Fd.of(last));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static Set<Integer> numbers() throws IOException {
        Set<Integer> numbers = new TreeSet<>();
        try (Stream<Path> entries = Files.list(DESCRIPTORS)) {
            entries.forEach(
                    entry -> numbers.add(Integer.valueOf(entry.getFileName().toString())));
        }
        // One of them was the listing's own.
        numbers.removeIf(number -> !Files.isSymbolicLink(DESCRIPTORS.resolve(String.valueOf(number))));
        return numbers;
    }
}
