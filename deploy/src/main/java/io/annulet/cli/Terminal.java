package io.annulet.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** Where this process writes to. */
public final class Terminal {
    private Terminal() {}

    /** Whether standard output is a terminal, on which lines can be painted over. */
    public static boolean isStandardOutput() {
        return isTerminal(1);
    }

    /** Likewise standard error, where progress is shown. */
    public static boolean isStandardError() {
        return isTerminal(2);
    }

    private static boolean isTerminal(int fd) {
        try {
            return Files.readSymbolicLink(Path.of("/proc/self/fd/" + fd))
                    .toString()
                    .matches("/dev/(pts/|tty|console).*");
        } catch (IOException e) {
            return false;
        }
    }
}
