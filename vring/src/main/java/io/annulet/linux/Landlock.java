package io.annulet.linux;

import static java.lang.foreign.ValueLayout.JAVA_INT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static java.lang.foreign.ValueLayout.JAVA_LONG_UNALIGNED;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * The files that a thread, and what it executes, may still use; see landlock(7). Used by one thread: add what is allowed,
 * then restrict.
 */
public final class Landlock implements AutoCloseable {

    private static final int O_PATH = 0x200000;
    private static final int O_CLOEXEC = 0x80000;
    private static final int VERSION = 1;
    private static final int PATH_BENEATH = 1;

    private static final long EXECUTE = 1;
    private static final long WRITE_FILE = 1 << 1;
    private static final long READ_FILE = 1 << 2;
    private static final long READ_DIR = 1 << 3;
    private static final long TRUNCATE = 1 << 14;
    private static final long IOCTL_DEV = 1 << 15;

    /** What means something for a file that is no folder. */
    private static final long OF_FILES = EXECUTE | WRITE_FILE | READ_FILE | TRUNCATE | IOCTL_DEV;

    private final Fd ruleset;
    private final long handled;

    private Landlock(Fd ruleset, long handled) {
        this.ruleset = ruleset;
        this.handled = handled;
    }

    /** The version of the kernel's Landlock; 0 if it has none, or none that is switched on. */
    public static int version() {
        return (int) Math.max(0, Kernel.landlockCreateRuleset(0, 0, VERSION));
    }

    /** Rules that allow nothing yet. */
    public static Landlock create() {
        int version = version();
        if (version == 0) {
            throw new LinuxException(
                    "restrict the files of this process",
                    Errno.EOPNOTSUPP,
                    "boot with lsm=landlock,... (Linux 5.13 or later)");
        }
        int rights = version >= 5 ? 16 : version >= 3 ? 15 : version == 2 ? 14 : 13;
        long handled = (1L << rights) - 1;
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment attributes = arena.allocateFrom(JAVA_LONG, handled);
            long fd = LinuxException.check(
                    Kernel.landlockCreateRuleset(attributes.address(), 8, 0), "make rules for files");
            return new Landlock(Fd.of((int) fd), handled);
        }
    }

    /** Allows to read and execute what is there; nothing if there is nothing. */
    public Landlock mayRead(Path path) {
        return allow(path, EXECUTE | READ_FILE | READ_DIR);
    }

    /** Allows everything there: to make, write and remove files too. */
    public Landlock mayWrite(Path path) {
        return allow(path, handled);
    }

    private Landlock allow(Path path, long rights) {
        if (!Files.exists(path)) {
            return this;
        }
        long allowed = rights & handled & (Files.isDirectory(path) ? -1 : OF_FILES);
        try (Arena arena = Arena.ofConfined()) {
            long opened = LinuxException.check(
                    Kernel.openat(
                            Kernel.AT_FDCWD,
                            arena.allocateFrom(path.toAbsolutePath().toString()).address(),
                            O_PATH | O_CLOEXEC),
                    "open " + path);
            try (Fd fd = Fd.of((int) opened)) {
                MemorySegment rule = arena.allocate(16, 8);
                rule.set(JAVA_LONG_UNALIGNED, 0, allowed);
                rule.set(JAVA_INT_UNALIGNED, 8, fd.number());
                LinuxException.check(
                        Kernel.landlockAddRule(ruleset.number(), PATH_BENEATH, rule.address()), "allow " + path);
            }
        }
        return this;
    }

    /** From here on the calling thread may use nothing else. New privileges must be forbidden before. */
    public void restrict() {
        LinuxException.check(Kernel.landlockRestrictSelf(ruleset.number()), "restrict the files of this process");
    }

    @Override
    public void close() {
        ruleset.close();
    }
}
