package io.annulet.linux;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/** What this process is allowed to do. */
public final class Privileges {
    private static final String EFFECTIVE = "CapEff:";
    private static final int HEXADECIMAL = 16;

    private Privileges() {}

    /** The user id that rights are judged by; 0 is root. */
    public static int effectiveUserId() {
        return (int) Kernel.geteuid();
    }

    /** The effective capabilities of the calling thread, one bit each. */
    public static long effectiveCapabilities() {
        Path status = Path.of("/proc/thread-self/status");
        try {
            for (String line : Files.readAllLines(status)) {
                if (line.startsWith(EFFECTIVE)) {
                    return Long.parseUnsignedLong(
                            line.substring(EFFECTIVE.length()).strip(), HEXADECIMAL);
                }
            }
            return 0;
        } catch (IOException e) {
            throw new UncheckedIOException("read " + status + "; check that /proc is mounted", e);
        }
    }

    /** Whether the calling thread has {@code capability}. Root in a container may lack it. */
    public static boolean has(Capability capability) {
        return ((effectiveCapabilities() >>> capability.bit()) & 1) != 0;
    }

    /**
     * Whether a device can be opened for reading and writing, by trying. Rights alone do not tell: a container's rules may
     * forbid a device to root.
     */
    public static boolean mayOpen(Path device) {
        try (FileChannel opened = FileChannel.open(device, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
            return opened.isOpen();
        } catch (IOException e) {
            return false;
        }
    }
}
