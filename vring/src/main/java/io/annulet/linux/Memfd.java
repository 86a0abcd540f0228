package io.annulet.linux;

import java.lang.foreign.Arena;
import java.nio.file.Path;

/** Makes memory files: memory without a path, shared with other processes by passing its descriptor. */
public final class Memfd {
    private static final int MFD_CLOEXEC = 0x1;
    private static final int MFD_ALLOW_SEALING = 0x2;
    private static final int MFD_HUGETLB = 0x4;
    private static final int O_RDWR = 0x2;
    private static final int O_CLOEXEC = 0x80000;
    private static final int O_TMPFILE = 0x410000;

    private Memfd() {}

    /**
     * A memory file of {@code byteLength} zero bytes, none of them allocated yet.
     *
     * @param name shown in /proc, for people; not unique
     * @param allowSealing whether {@link Seals} may be set later
     */
    public static Fd create(String name, long byteLength, boolean allowSealing) {
        return create(name, byteLength, allowSealing ? MFD_ALLOW_SEALING : 0, "");
    }

    /** As {@link #create}, of huge pages of the machine's default size; {@code byteLength} is a multiple of that. */
    public static Fd createHuge(String name, long byteLength, boolean allowSealing) {
        int flags = MFD_HUGETLB | (allowSealing ? MFD_ALLOW_SEALING : 0);
        return create(name, byteLength, flags, "check that huge pages are set up (/proc/sys/vm/nr_hugepages)");
    }

    /** As {@link #create}, on a memory file system such as /dev/shm, without a name there; it cannot be sealed. */
    public static Fd createIn(Path folder, long byteLength) {
        String action = "create a file of " + byteLength + " bytes in " + folder;
        String remedy = "check that " + folder + " is a tmpfs with room, and that this process may write there";
        try (Arena arena = Arena.ofConfined()) {
            long path = arena.allocateFrom(folder.toString()).address();
            long number = Kernel.openat(Kernel.AT_FDCWD, path, O_TMPFILE | O_RDWR | O_CLOEXEC);
            return ofLength(LinuxException.check(number, action, remedy), byteLength, action, remedy);
        }
    }

    private static Fd create(String name, long byteLength, int flags, String remedy) {
        String action = "create memory file " + name + " of " + byteLength + " bytes";
        try (Arena arena = Arena.ofConfined()) {
            long number = Kernel.memfdCreate(arena.allocateFrom(name).address(), flags | MFD_CLOEXEC);
            return ofLength(LinuxException.check(number, action, remedy), byteLength, action, remedy);
        }
    }

    private static Fd ofLength(long number, long byteLength, String action, String remedy) {
        Fd fd = Fd.of((int) number);
        long result = Kernel.ftruncate(fd.number(), byteLength);
        if (result < 0) {
            fd.close();
        }
        LinuxException.check(result, action, remedy);
        return fd;
    }
}
