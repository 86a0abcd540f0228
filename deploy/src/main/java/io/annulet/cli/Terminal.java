package io.annulet.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** Where this process writes to. */
final class Terminal {
    private Terminal() {}

    /** Whether standard output is a terminal, on which lines can be painted over. */
    static boolean isStandardOutput() {
        try {
            return Files.readSymbolicLink(Path.of("/proc/self/fd/1")).toString().matches("/dev/(pts/|tty|console).*");
        } catch (IOException e) {
            return false;
        }
    }
}
