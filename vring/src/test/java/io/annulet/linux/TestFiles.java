package io.annulet.linux;

import java.lang.foreign.Arena;
import java.nio.file.Path;

/** Opens files by path, which the project itself never does outside the JDK's own classes. */
final class TestFiles {
    private static final int O_RDWR_CLOEXEC = 0x2 | 0x80000;

    private TestFiles() {}

    static Fd open(Arena arena, Path path) {
        long number = Kernel.openat(
                Kernel.AT_FDCWD, arena.allocateFrom(path.toString()).address(), O_RDWR_CLOEXEC);
        return Fd.of((int) LinuxException.check(number, "open " + path));
    }

    /** A descriptor that takes every write and gives back nothing. */
    static Fd openDevNull() {
        try (Arena arena = Arena.ofConfined()) {
            return open(arena, Path.of("/dev/null"));
        }
    }
}
