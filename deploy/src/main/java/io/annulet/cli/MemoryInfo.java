package io.annulet.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** The kernel's figures about memory: the lines of {@code /proc/meminfo}. */
record MemoryInfo(List<String> lines) {

    static MemoryInfo read() throws IOException {
        return new MemoryInfo(Files.readAllLines(Path.of("/proc/meminfo")));
    }

    /** The number in the line that begins with a name, in KiB where it is an amount; 0 if there is no such line. */
    long value(String name) {
        for (String line : lines) {
            if (line.startsWith(name + ":")) {
                return Long.parseLong(line.substring(name.length() + 1).strip().split(" ", -1)[0]);
            }
        }
        return 0;
    }

    /** Where a file system of huge pages is mounted first, or empty. */
    static String hugetlbfsMountPoint() throws IOException {
        for (String line : Files.readAllLines(Path.of("/proc/mounts"))) {
            String[] fields = line.split(" ", -1);
            if (fields.length > 2 && fields[2].equals("hugetlbfs")) {
                return fields[1];
            }
        }
        return "";
    }
}
