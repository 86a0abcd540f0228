package io.annulet.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.AutoComplete;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code annulet pages}: what packages install beside the program, made of the definitions of its commands. */
@Command(
        name = "pages",
        hidden = true,
        description = "Writes the pages of the manual (FOLDER/man1) and the completion for bash (FOLDER/annulet.bash).",
        mixinStandardHelpOptions = true)
final class PagesCommand implements Callable<Integer> {

    @Parameters(paramLabel = "FOLDER", description = "Where they go.")
    private Path folder = Path.of("");

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() throws IOException {
        CommandSpec program = spec.root();
        String version = String.join(" ", program.version()).replaceAll(",.*", "");
        write(program, version, Files.createDirectories(folder.resolve("man1")));
        Files.writeString(folder.resolve("annulet.bash"), AutoComplete.bash(program.name(), program.commandLine()));
        return 0;
    }

    private static void write(CommandSpec command, String version, Path pages) throws IOException {
        Files.writeString(pages.resolve(ManPage.name(command) + ".1"), ManPage.of(command, version));
        for (CommandSpec below : ManPage.visible(command)) {
            write(below, version, pages);
        }
    }
}
