package io.annulet.linux;

import java.lang.foreign.Arena;

/** Makes memory files: memory without a path, shared with other processes by passing its descriptor. */
public final class Memfd {
    private static final int MFD_CLOEXEC = 0x1;
    private static final int MFD_ALLOW_SEALING = 0x2;
    private static final int MFD_HUGETLB = 0x4;

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

    private static Fd create(String name, long byteLength, int flags, String remedy) {
        String action = "create memory file " + name + " of " + byteLength + " bytes";
        try (Arena arena = Arena.ofConfined()) {
            long number = Kernel.memfdCreate(arena.allocateFrom(name).address(), flags | MFD_CLOEXEC);
            Fd fd = Fd.of((int) LinuxException.check(number, action, remedy));
            long result = Kernel.ftruncate(fd.number(), byteLength);
            if (result < 0) {
                fd.close();
            }
            LinuxException.check(result, action, remedy);
            return fd;
        }
    }
}
