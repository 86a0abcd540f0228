package io.annulet.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

@Timeout(60)
final class ConformCommandTest {

    @TempDir
    private Path directory;

    private final StringWriter out = new StringWriter();
    private final StringWriter err = new StringWriter();

    private int conform(String... arguments) {
        CommandLine command = Main.commandLine();
        command.setOut(new PrintWriter(out, true));
        command.setErr(new PrintWriter(err, true));
        String[] all = new String[arguments.length + 1];
        all[0] = "conform";
        System.arraycopy(arguments, 0, all, 1, arguments.length);
        return command.execute(all);
    }

    @Test
    void listsRulesWithWhereTheyAreWritten() {
        assertEquals(0, conform("--list", "--rule", "VU-RING-0"));
        assertEquals(2 * 9, out.toString().lines().count());
        assertTrue(out.toString().startsWith("VU-RING-01   must    a ring"), out::toString);
        assertTrue(out.toString().contains("vhost-user, QEMU 10.0, \"Ring states\""), out::toString);
    }

    @Test
    void aBackEndThatIsNotThereLeavesAllNotRun() {
        String missing = directory.resolve("none.sock").toString();
        assertEquals(
                1, conform("--socket", missing, "--start-seconds", "1", "--wait-seconds", "1", "--rule", "VU-MSG-01"));
        assertTrue(out.toString().contains("VU-MSG-01    not run"), out::toString);
        assertTrue(out.toString().contains("no back-end at " + missing), out::toString);
        assertTrue(out.toString().endsWith("1 rule: 0 fail, 1 not run\n"), out::toString);
    }

    @Test
    void aReasonThatHoldsForAllRulesIsToldOnceWithItsRemedy() {
        assertEquals(1, conform("--rule", "VU-MSG", "--start-seconds", "5", "--", "sh", "-c", "exit 7"));
        assertEquals(1, out.toString().split("ended with status 7", -1).length - 1, out::toString);
        assertTrue(out.toString().contains("what follows, for the same reason"), out::toString);
        assertTrue(out.toString().endsWith("8 rules: 0 fail, 8 not run\n"), out::toString);
        assertEquals(1, err.toString().lines().count());
        assertTrue(err.toString().contains("check that the command by itself listens"), err::toString);
    }

    @Test
    void jsonIsAloneOnStandardOutput() {
        assertEquals(1, conform("--json", "--rule", "VU-MSG-01", "--start-seconds", "5", "--", "sh", "-c", "exit 7"));
        assertEquals(1, out.toString().lines().count());
        assertTrue(out.toString().startsWith("{\"backEnds\":[{\"name\":\"sh\",\"conforms\":false"), out::toString);
        assertTrue(out.toString().contains("ended with status 7"), out::toString);
        assertTrue(err.toString().contains("VU-MSG-01"), err::toString);
    }

    @Test
    void junitGoesToItsFile() throws IOException {
        Path file = directory.resolve("conform.xml");
        assertEquals(
                1,
                conform("--junit", file.toString(), "--rule", "VU-MSG", "--name", "mine", "--", "sh", "-c", "exit 7"));
        String xml = Files.readString(file);
        assertTrue(xml.contains("<testsuite name=\"vhost-user conformance of mine\" tests=\"8\""), xml);
    }

    @Test
    void severalBackEndsStandSideBySideInMarkdown() {
        assertEquals(
                1,
                conform("--markdown", "--rule", "VU-MSG-01", "--back-end", "one=exit 1", "--back-end", "two=exit 2"));
        assertTrue(out.toString().contains("| one | two |"), out::toString);
        assertTrue(out.toString().contains("| not run | not run |"), out::toString);
    }

    @Test
    void exactlyOneWayToABackEndIsNeeded() {
        assertEquals(2, conform());
        assertTrue(err.toString().contains("no back-end"), err::toString);
        assertEquals(2, conform("--socket", "/tmp/x", "--", "true"));
        assertEquals(2, conform("--rule", "XX", "--", "true"));
        assertEquals(2, conform("--wait-seconds", "0", "--", "true"));
        assertEquals(2, conform("--junit", directory.resolve("none/x.xml").toString(), "--", "true"));
        assertFalse(err.toString().contains("Exception"), err::toString);
    }
}
