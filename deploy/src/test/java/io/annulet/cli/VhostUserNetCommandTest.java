package io.annulet.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.PrintWriter;
import java.io.StringWriter;
import org.junit.jupiter.api.Test;

/** What {@code annulet vhost-user-net} refuses, and what it prints. */
final class VhostUserNetCommandTest {

    private final StringWriter out = new StringWriter();
    private final StringWriter err = new StringWriter();

    @Test
    void capabilitiesArePrintedWhateverElseIsAskedFor() {
        assertEquals(0, execute("--print-capabilities", "--fd=77", "--read-only", "more"));
        assertEquals("{\"type\":\"net\"}\n", out.toString());
    }

    @Test
    void oneOfSocketPathAndFdIsNeededAndTheyExcludeEachOther() {
        assertRefused("give either --socket-path=PATH or --fd=FDNUM");
        assertRefused("give either --socket-path=PATH or --fd=FDNUM", "--socket-path=/x", "--fd=3");
    }

    @Test
    void aDescriptorThatIsNotThereIsRefused() {
        assertRefused("--fd=9999: this program was not started with such a descriptor", "--fd=9999");
        assertRefused("--fd=three: this program was not started with such a descriptor", "--fd=three");
    }

    @Test
    void anUnknownOptionIsRefused() {
        assertRefused("Unknown option: '--nonsense'", "--socket-path=/x", "--nonsense");
    }

    private void assertRefused(String problem, String... arguments) {
        err.getBuffer().setLength(0);
        assertEquals(2, execute(arguments));
        assertEquals("annulet vhost-user-net: " + problem + "; see: annulet vhost-user-net --help\n", err.toString());
    }

    private int execute(String... arguments) {
        String[] words = new String[arguments.length + 1];
        words[0] = "vhost-user-net";
        System.arraycopy(arguments, 0, words, 1, arguments.length);
        return Main.commandLine()
                .setOut(new PrintWriter(out))
                .setErr(new PrintWriter(err))
                .execute(words);
    }
}
