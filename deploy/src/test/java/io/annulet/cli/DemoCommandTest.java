package io.annulet.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.PrintWriter;
import java.io.StringWriter;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(120)
final class DemoCommandTest {
    private final StringWriter out = new StringWriter();
    private final StringWriter err = new StringWriter();

    @Test
    void simulatedGuestsAreAnnouncedInTheFirstLineAndLoseNothing() {
        assertEquals(0, execute("demo", "--simulated"), err::toString);
        assertEquals(
                "Two simulated guests on one Annulet, as --simulated asks for.",
                out.toString().lines().findFirst().orElse(""));
        assertTrue(out.toString().contains(" 0 of "), out::toString);
        assertEquals("", err.toString());
    }

    @Test
    void jsonIsOneObjectAndTheStepsGoToStandardError() {
        assertEquals(0, execute("demo", "--simulated", "--json"), err::toString);
        assertEquals(1, out.toString().lines().count());
        assertTrue(out.toString().startsWith("{\"guests\":\"simulated\""), out::toString);
        assertTrue(out.toString().endsWith("\"ok\":true}\n"), out::toString);
        assertTrue(err.toString().contains("round trip"), err::toString);
    }

    @Test
    void unknownOptionIsAUsageError() {
        assertEquals(2, execute("demo", "--fast"));
    }

    private int execute(String... arguments) {
        return Main.commandLine()
                .setOut(new PrintWriter(out))
                .setErr(new PrintWriter(err))
                .execute(arguments);
    }
}
