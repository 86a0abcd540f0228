package io.annulet.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What {@code annulet run} refuses before it serves anything; what it does then needs a process of its own. */
final class RunRefusalsTest {

    @TempDir
    private Path directory;

    private final StringWriter err = new StringWriter();

    @Test
    void withoutAPortSaysSo() {
        assertRefused("0 ports: name 1 to 256");
    }

    @Test
    void wrongOptionsAreOneLine() {
        assertRefused("Unknown option: '--prot'", "--prot");
        assertRefused("'a' is no port; write NAME=KIND:TARGET", "--port", "a");
        assertRefused("port a is named twice", "--port", "a=loopback", "--port", "a=loopback");
        assertRefused("there is no port b; there are a", "--port", "a=loopback", "--link", "a=b");
        assertRefused("'a' is no link; write A=B", "--port", "a=loopback", "--link", "a");
        assertRefused("'x' in the processor list 'x'", "--port", "a=loopback", "--cpu", "x");
        assertRefused("this process may not run on 8000; there are ", "--port", "a=loopback", "--cpu", "8000");
        assertRefused("Invalid value for option '--poll'", "--port", "a=loopback", "--poll", "never");
        assertRefused("Invalid value for option '--log'", "--port", "a=loopback", "--log", "loud");
    }

    @Test
    void whatCannotBeOpenedIsOneLineWithTheRemedy() {
        Path missing = directory.resolve("missing").resolve("a.sock");
        assertRefused("check that its directory exists", "--port", "a=vhost-user:" + missing);
        assertRefused("check that the path has 1 to 107 bytes", "--port", "a=vhost-user:/" + "x".repeat(200));
        assertRefused(
                "choose another file with --counters PATH", "--port", "a=loopback", "--counters", missing.toString());
    }

    /** Before anything is given up. */
    @Test
    void whatCannotBeServedInASandboxSaysWhy() {
        assertRefused("mapping guest memory for a NIC", "--sandbox", "--port", "n=vfio:0000:00:03.0");
        assertRefused(
                "giving its socket away needs a right",
                "--sandbox",
                "--port",
                "a=vhost-user:" + directory.resolve("a") + ",owner=root");
        assertRefused(
                "its guest may arrive by post-copy",
                "--sandbox",
                "--port",
                "a=vhost-user:" + directory.resolve("a") + ",postcopy=on");
        assertRefused("channels cannot be served in a sandbox", "--sandbox", "--channel", "c=ivshmem:/tmp/c");
        assertRefused(
                "'vfio:x' is nothing that can be opened later",
                "--sandbox",
                "--port",
                "a=loopback",
                "--sandbox-allow",
                "vfio:x");
    }

    private void assertRefused(String message, String... arguments) {
        List<String> all = new ArrayList<>(List.of("run", "--log", "error"));
        all.addAll(List.of(arguments));
        if (List.of(arguments).contains("--log")) {
            all.subList(1, 3).clear();
        }
        if (!all.contains("--counters")) {
            all.addAll(List.of("--counters", directory.resolve("counters").toString()));
        }
        err.getBuffer().setLength(0);
        assertEquals(2, Main.commandLine().setErr(new PrintWriter(err)).execute(all.toArray(String[]::new)));
        assertEquals(1, err.toString().lines().count(), err::toString);
        assertTrue(err.toString().startsWith("annulet run: "), err::toString);
        assertTrue(err.toString().contains(message), err::toString);
    }
}
