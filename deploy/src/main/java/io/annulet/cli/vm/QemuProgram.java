package io.annulet.cli.vm;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The QEMU of this machine: the one on the path, or the one that the environment variable ANNULET_QEMU names.
 *
 * @param path the program
 * @param major its version, for example 10 of 10.0.2
 * @param minor for example 0 of 10.0.2
 */
record QemuProgram(String path, int major, int minor) {
    /** Version 7.2 crashes while it sets a vhost-user device up under TCG. */
    private static final int OLDEST_MAJOR = 8;

    private static final Pattern VERSION = Pattern.compile("version (\\d+)\\.(\\d+)");

    /** Nothing if there is no QEMU or it does not say its version. */
    static Optional<QemuProgram> find() {
        String path = System.getenv().getOrDefault("ANNULET_QEMU", "qemu-system-x86_64");
        try {
            Process process = new ProcessBuilder(path, "--version")
                    .redirectErrorStream(true)
                    .start();
            process.getOutputStream().close();
            String text = new String(process.getInputStream().readAllBytes(), UTF_8);
            process.waitFor(1, TimeUnit.SECONDS);
            Matcher version = VERSION.matcher(text);
            return version.find()
                    ? Optional.of(new QemuProgram(
                            path, Integer.parseInt(version.group(1)), Integer.parseInt(version.group(2))))
                    : Optional.empty();
        } catch (IOException e) {
            return Optional.empty();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return Optional.empty();
        }
    }

    boolean isTooOld() {
        return major < OLDEST_MAJOR;
    }

    /** The chardev option that makes QEMU connect again after half a second, or a whole one where it counts in those. */
    String reconnectOption() {
        return major > 9 || (major == 9 && minor >= 2) ? "reconnect-ms=500" : "reconnect=1";
    }

    String version() {
        return major + "." + minor;
    }
}
