package io.annulet.cli.study;

import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.net.URISyntaxException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/** Where and with what something was measured: all that its figures depend on, stateless. */
public final class Machine {

    private static final long GIT_SECONDS = 10;

    private Machine() {}

    public static Map<String, Object> describe() {
        Map<String, Object> facts = new LinkedHashMap<>();
        facts.put("processor", firstValue("/proc/cpuinfo", "model name") + ", " + cores() + " cores");
        facts.put("memory", firstValue("/proc/meminfo", "MemTotal"));
        facts.put("kernel", System.getProperty("os.name") + " " + System.getProperty("os.version"));
        facts.put("virtual", isVirtual() ? "yes, under a hypervisor" : "no");
        facts.put("java", System.getProperty("java.vendor") + " " + Runtime.version());
        facts.put("flags", String.join(" ", ManagementFactory.getRuntimeMXBean().getInputArguments()));
        facts.put("commit", commit());
        facts.put("load", load());
        return facts;
    }

    private static int cores() {
        return Runtime.getRuntime().availableProcessors();
    }

    private static String firstValue(String file, String name) {
        try {
            for (String line : Files.readAllLines(Path.of(file))) {
                if (line.startsWith(name)) {
                    return line.substring(line.indexOf(':') + 1).strip().replaceAll(" +", " ");
                }
            }
        } catch (IOException e) {
            return "unknown";
        }
        return "unknown";
    }

    private static boolean isVirtual() {
        return (firstValue("/proc/cpuinfo", "flags") + " ").contains(" hypervisor ");
    }

    /** Other work on the machine shows in the figures, so its amount when the study began is told. */
    static String load() {
        try {
            return Files.readString(Path.of("/proc/loadavg")).split(" ", -1)[0];
        } catch (IOException e) {
            return "unknown";
        }
    }

    /** The commit of the sources that this program was built in, if it runs from where it was built. */
    private static String commit() {
        try {
            Path ours = Path.of(Machine.class
                    .getProtectionDomain()
                    .getCodeSource()
                    .getLocation()
                    .toURI());
            Process git = new ProcessBuilder("git", "describe", "--always", "--dirty", "--abbrev=12")
                    .directory(ours.resolveSibling(".").toFile())
                    .redirectErrorStream(true)
                    .start();
            String text = new String(git.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            boolean ended = git.waitFor(GIT_SECONDS, TimeUnit.SECONDS);
            return ended && git.exitValue() == 0 ? text.strip() : "unknown";
        } catch (IOException | URISyntaxException e) {
            return "unknown";
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return "unknown";
        }
    }
}
