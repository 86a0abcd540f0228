package io.annulet.cli;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** Judges the programs that Annulet's guests, demo and tests use. */
final class ToolFindings {

    /** Debian 12's 7.2 crashes while it sets a vhost-user device up under TCG; 8 and later do not. */
    private static final int OLDEST_QEMU = 8;

    private static final Pattern QEMU_VERSION = Pattern.compile("version ([0-9]+)(\\.[0-9.]+)?");
    private static final long ANSWER_SECONDS = 5;
    private static final String INSTALL = "sudo deploy/setup/install-tools ";

    private ToolFindings() {}

    /** @param answer the first line of {@code qemu-system-x86_64 --version}, or null if there is no such program */
    static Finding qemu(@Nullable String answer) {
        String subject = "QEMU";
        if (answer == null) {
            return Finding.missing(subject, "no qemu-system-x86_64 on the path", INSTALL + "qemu");
        }
        Matcher version = QEMU_VERSION.matcher(answer);
        if (!version.find()) {
            return Finding.limited(subject, "does not tell its version", INSTALL + "qemu");
        }
        String detail = version.group();
        return Integer.parseInt(version.group(1)) >= OLDEST_QEMU
                ? Finding.ok(subject, detail)
                : Finding.limited(
                        subject, detail + " may crash with vhost-user when there is no KVM", INSTALL + "qemu");
    }

    static Finding program(String name, String use, String component) {
        Path path = find(name);
        return path == null
                ? Finding.missing(name, "not on the path; " + use, INSTALL + component)
                : Finding.ok(name, path.toString());
    }

    /** The first line that {@code qemu-system-x86_64 --version} prints, or null. */
    static @Nullable String askQemu() {
        Path qemu = find("qemu-system-x86_64");
        return qemu == null ? null : firstLine(qemu.toString(), "--version");
    }

    private static @Nullable Path find(String program) {
        String path = System.getenv().getOrDefault("PATH", "/usr/bin:/bin");
        for (String directory : path.split(":", -1)) {
            Path file = Path.of(directory, program);
            if (Files.isExecutable(file) && !Files.isDirectory(file)) {
                return file;
            }
        }
        return null;
    }

    private static String firstLine(String... command) {
        try {
            Process process =
                    new ProcessBuilder(command).redirectErrorStream(true).start();
            process.getOutputStream().close();
            if (!process.waitFor(ANSWER_SECONDS, TimeUnit.SECONDS)) {
                process.destroyForcibly();
                return "";
            }
            String answer = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            return answer.lines().findFirst().orElse("");
        } catch (IOException e) {
            return "";
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return "";
        }
    }
}
