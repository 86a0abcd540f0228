package io.annulet.cli.study.syscalls;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.annulet.cli.study.QuietTap;
import io.annulet.linux.Capability;
import io.annulet.linux.Cpus;
import io.annulet.linux.Privileges;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What the study counts as system calls is what the kernel sees: strace counts along. */
@Tag("root")
@Timeout(value = 120, unit = TimeUnit.SECONDS)
final class SystemCallCountTest {

    private static final int TURNS = 5;
    private static final int COUNT = Messages.MOST;

    @Test
    void sendingByAllWaysMakesTheCallsThatAreCounted() throws Exception {
        assumeTrue(Privileges.has(Capability.CAP_NET_ADMIN), "a tap needs CAP_NET_ADMIN");
        assumeTrue(Privileges.has(Capability.CAP_SYS_ADMIN), "a network namespace needs CAP_SYS_ADMIN");
        assumeTrue(isInstalled("strace"), "strace is not installed");
        assumeTrue(SyscallBench.hasUring(), "this kernel has or allows no io_uring");
        try (QuietTap tap = QuietTap.open(SyscallBench.MTU)) {
            assertEquals(Map.of("write", (long) TURNS * COUNT), callsOf(tap, Way.EACH));
            assertEquals(Map.of("writev", (long) TURNS * COUNT), callsOf(tap, Way.GATHER));
            assertEquals(Map.of("io_uring_enter", (long) TURNS), callsOf(tap, Way.URING));
            assertEquals(Map.of("io_uring_enter", (long) TURNS), callsOf(tap, Way.URING_FIXED));
        }
    }

    private static boolean isInstalled(String tool) {
        return Stream.of(System.getenv("PATH").split(":", -1))
                .anyMatch(folder -> Files.isExecutable(Path.of(folder, tool)));
    }

    /** Calls by name that strace saw this thread make while it sent, of those that can carry a message. */
    private static Map<String, Long> callsOf(QuietTap tap, Way way) throws IOException, InterruptedException {
        try (Messages messages = new Messages(tap.tap(), way, 64)) {
            messages.send(COUNT);
            long before = messages.calls();
            Process strace = new ProcessBuilder(
                            "strace",
                            "-c",
                            "-e",
                            "trace=write,writev,io_uring_enter",
                            "-p",
                            Integer.toString(Cpus.currentThreadId()))
                    .redirectErrorStream(true)
                    .start();
            try (BufferedReader said = strace.inputReader(StandardCharsets.UTF_8)) {
                String line = said.readLine();
                assumeTrue(line != null && line.contains("attached"), "strace may not trace this process: " + line);
                for (int i = 0; i < TURNS; i++) {
                    messages.send(COUNT);
                }
                long counted = messages.calls() - before;
                strace.toHandle().destroy(); // the process's own destroy would close what it still has to say
                Map<String, Long> seen = parse(said.lines().toList());
                assertEquals(
                        counted,
                        seen.values().stream().mapToLong(Long::longValue).sum(),
                        seen::toString);
                return seen;
            } finally {
                strace.destroyForcibly();
                assertTrue(strace.waitFor(30, TimeUnit.SECONDS));
            }
        }
    }

    /** Lines of strace's table: time, seconds, usecs/call, calls, errors if any, name. */
    private static Map<String, Long> parse(List<String> lines) {
        Map<String, Long> calls = new HashMap<>();
        for (String line : lines) {
            String[] fields = line.strip().split(" +", -1);
            if (fields.length >= 5
                    && List.of("write", "writev", "io_uring_enter").contains(fields[fields.length - 1])) {
                calls.put(fields[fields.length - 1], Long.valueOf(fields[3]));
            }
        }
        return calls;
    }
}
