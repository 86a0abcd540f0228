package io.annulet.cli;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;

/** The pages of the manual and the completion, as packages install them. */
final class ManPageTest {

    @TempDir
    private Path folder;

    @BeforeEach
    void write() {
        assertEquals(0, Main.commandLine().execute("pages", folder.toString()));
    }

    @Test
    void everyCommandHasAPageWithAllOfItsOptions() throws IOException {
        check(Main.commandLine().getCommandSpec());
    }

    private void check(CommandSpec command) throws IOException {
        String page = Files.readString(folder.resolve("man1").resolve(ManPage.name(command) + ".1"));
        for (OptionSpec option : command.options()) {
            String name = option.longestName().replace("-", "\\-");
            assertEquals(
                    !option.hidden(), page.contains(name), option.longestName() + " of " + command.qualifiedName());
        }
        for (CommandSpec below : ManPage.visible(command)) {
            assertTrue(page.contains("\\fB" + below.name().replace("-", "\\-") + "\\fR"), below.qualifiedName());
            check(below);
        }
    }

    /** All at once, and without the pages themselves: groff says what it does not understand. */
    @Test
    void groffReadsThemWithoutAWarning() throws Exception {
        assumeTrue(Files.isExecutable(Path.of("/usr/bin/groff")), "groff is not installed");
        List<String> words = new ArrayList<>(List.of("groff", "-K", "utf8", "-T", "utf8", "-man", "-ww", "-z"));
        try (Stream<Path> pages = Files.list(folder.resolve("man1"))) {
            pages.map(Path::toString).sorted().forEach(words::add);
        }
        assertEquals("", run(words.toArray(String[]::new)));
    }

    @Test
    void bashCompletesCommandsAndOptions() throws Exception {
        assumeTrue(Files.isExecutable(Path.of("/bin/bash")), "bash is not installed");
        assertTrue(complete("annulet", "cond").isEmpty());
        assertEquals(List.of("conform"), complete("annulet", "confo"));
        assertTrue(complete("annulet", "run", "--").contains("--workers"));
    }

    /** What bash offers for the last word. */
    private List<String> complete(String... words) throws Exception {
        String script = "source " + folder.resolve("annulet.bash") + "; COMP_WORDS=(" + String.join(" ", words)
                + "); COMP_CWORD=" + (words.length - 1) + "; COMP_LINE=\"${COMP_WORDS[*]}\"; COMP_POINT=${#COMP_LINE};"
                + " _complete_annulet; printf '%s\\n' \"${COMPREPLY[@]}\"";
        return run("bash", "-c", script)
                .lines()
                .map(String::strip)
                .filter(line -> !line.isEmpty())
                .toList();
    }

    private static String run(String... command) throws Exception {
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        String said = new String(process.getInputStream().readAllBytes(), UTF_8);
        process.waitFor();
        return said;
    }
}
