package io.annulet.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.Objects;
import java.util.concurrent.Callable;
import org.junit.jupiter.api.Test;
import picocli.CommandLine;
import picocli.CommandLine.Command;

final class MainTest {
    private final StringWriter out = new StringWriter();
    private final StringWriter err = new StringWriter();

    @Test
    void withoutACommandShowsWhatThereIsToChooseFrom() {
        assertEquals(0, execute(Main.commandLine()));
        assertTrue(out.toString().startsWith("Usage: annulet"), out::toString);
    }

    @Test
    void wrongOptionIsOneLineWithAHintAndStatusTwo() {
        assertEquals(2, execute(Main.commandLine(), "--nonsense"));
        assertEquals("annulet: Unknown option: '--nonsense'; see: annulet --help\n", err.toString());
    }

    @Test
    void misspeltOptionIsAnsweredWithTheRightOne() {
        assertEquals(2, execute(Main.commandLine(), "--versoin"));
        assertTrue(err.toString().contains("did you mean: --version"), err::toString);
    }

    @Test
    void whatTheUserCanMendIsToldWithItsRemedyAndNoStackTrace() {
        assertEquals(2, fail(new CommandFailure("cannot listen on /a: in use", "stop the other back-end first")));
        assertEquals("annulet fail: cannot listen on /a: in use; stop the other back-end first\n", err.toString());
    }

    @Test
    void ioErrorNamesItsKindBecauseItsMessageMayBeABarePath() {
        assertEquals(2, fail(new IOException("/a/b")));
        assertEquals("annulet fail: IOException: /a/b\n", err.toString());
    }

    @Test
    void ourOwnMistakeShowsWhereItHappened() {
        assertEquals(1, fail(new IllegalStateException("worker ended twice")));
        assertTrue(err.toString().contains("IllegalStateException: worker ended twice"), err::toString);
        assertFalse(err.toString().contains("see:"), err::toString);
    }

    /** Only the command that is meant is built, and nobody can tell. */
    @Test
    void eachCommandBuiltAloneIsTheOneAmongAll() {
        Main.commandLine().getSubcommands().forEach((name, among) -> {
            CommandLine alone = Objects.requireNonNull(
                    Main.commandLineFor(name, "--help").getSubcommands().get(name));
            assertEquals(among.getUsageMessage(), alone.getUsageMessage());
            assertEquals(
                    among.getCommandSpec().qualifiedName(),
                    alone.getCommandSpec().qualifiedName());
        });
        assertEquals(1, Main.commandLineFor("run").getSubcommands().size());
    }

    @Test
    void whatIsNoCommandIsExplainedByAll() {
        assertEquals(2, execute(Main.commandLineFor("rum"), "rum"));
        assertTrue(err.toString().contains("run"), err::toString);
    }

    private int fail(Exception failure) {
        return execute(Main.commandLine().addSubcommand(new Failing(failure)), "fail");
    }

    private int execute(CommandLine command, String... arguments) {
        return command.setOut(new PrintWriter(out)).setErr(new PrintWriter(err)).execute(arguments);
    }

    @Command(name = "fail")
    private record Failing(Exception failure) implements Callable<Integer> {
        @Override
        public Integer call() throws Exception {
            throw failure;
        }
    }
}
