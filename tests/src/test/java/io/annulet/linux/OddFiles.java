package io.annulet.linux;

import java.lang.foreign.Arena;
import java.nio.file.Path;

/** Descriptors that nobody should share as memory, opened in ways that this project itself has no use for; stateless. */
public final class OddFiles {

    private static final int O_RDONLY = 0;
    private static final int O_RDWR = 2;
    private static final int O_CLOEXEC = 0x80000;
    private static final int O_PATH = 0x200000;

    private OddFiles() {}

    public static Fd forReading(Path path) {
        return open(path, O_RDONLY);
    }

    public static Fd forBoth(Path path) {
        return open(path, O_RDWR);
    }

    /** A descriptor with which nothing can be done but to ask for its path. */
    public static Fd pathOnly(Path path) {
        return open(path, O_PATH);
    }

    /** The same file, for reading only. */
    public static Fd readOnly(Fd fd) {
        return forReading(Path.of("/proc/self/fd/" + fd.number()));
    }

    private static Fd open(Path path, int flags) {
        try (Arena arena = Arena.ofConfined()) {
            long name = arena.allocateFrom(path.toString()).address();
            return Fd.of((int)
                    LinuxException.check(Kernel.openat(Kernel.AT_FDCWD, name, flags | O_CLOEXEC), "open " + path));
        }
    }
}
