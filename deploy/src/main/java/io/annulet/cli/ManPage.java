package io.annulet.cli;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.stream.Stream;
import picocli.CommandLine;
import picocli.CommandLine.Help.Ansi;
import picocli.CommandLine.Model.ArgSpec;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Model.PositionalParamSpec;

/** A command as a page of the manual, in the macros of man(7), from the same definition that its help comes from. */
final class ManPage {

    private final CommandSpec command;
    private final String version;
    private final StringBuilder text = new StringBuilder();

    private ManPage(CommandSpec command, String version) {
        this.command = command;
        this.version = version;
    }

    /** The page of one command, without those below it. */
    static String of(CommandSpec command, String version) {
        ManPage page = new ManPage(command, version);
        page.write();
        return page.text.toString();
    }

    /** The page's name, and its file's with ".1" behind it: the words of the command with hyphens between. */
    static String name(CommandSpec command) {
        return command.qualifiedName("-");
    }

    private void write() {
        String name = name(command);
        line(".TH " + name.toUpperCase(Locale.ROOT).replace("-", "\\-") + " 1 \"\" \"" + version + "\" \"Annulet\"");
        section("NAME");
        line(escaped(name) + " \\- " + escaped(firstSentence()));
        section("SYNOPSIS");
        preformatted(List.of(command.commandLine().getHelp().synopsis(0).split("\\R")));
        section("DESCRIPTION");
        for (String paragraph : descriptions(command)) {
            line(".PP");
            line(escaped(paragraph));
        }
        arguments();
        commands();
        footer();
        section("EXIT STATUS");
        line(escaped("0 for success; 1 if the command failed by a mistake of its own, or found what it looked for to be"
                + " wrong; 2 if what it was asked cannot be done, with one line that says why."));
        seeAlso();
    }

    private void arguments() {
        List<PositionalParamSpec> positional =
                command.positionalParameters().stream().filter(p -> !p.hidden()).toList();
        List<OptionSpec> options =
                command.options().stream().filter(o -> !o.hidden()).toList();
        if (!positional.isEmpty()) {
            section("ARGUMENTS");
            positional.forEach(p -> item(p.paramLabel(), p));
        }
        section("OPTIONS");
        options.forEach(o -> item(label(o), o));
    }

    private static String label(OptionSpec option) {
        String names = String.join(", ", option.names());
        boolean hasValue = option.arity().max() > 0;
        return hasValue ? names + " " + option.paramLabel() : names;
    }

    private void item(String label, ArgSpec argument) {
        line(".TP");
        line("\\fB" + escaped(label) + "\\fR");
        String said = String.join(
                " ", Stream.of(argument.description()).map(ManPage::plain).toList());
        line(escaped(said));
    }

    private void commands() {
        List<CommandSpec> below = visible(command);
        if (below.isEmpty()) {
            return;
        }
        section("COMMANDS");
        for (CommandSpec each : below) {
            line(".TP");
            line("\\fB" + escaped(each.name()) + "\\fR");
            line(escaped(String.join(" ", descriptions(each))));
        }
    }

    /** Examples and tables, laid out by hand, so that no line may be filled. */
    private void footer() {
        List<String> lines =
                new ArrayList<>(Arrays.stream(command.usageMessage().footer())
                        .map(ManPage::plain)
                        .toList());
        while (!lines.isEmpty() && lines.getFirst().isBlank()) {
            lines.removeFirst();
        }
        if (!lines.isEmpty()) {
            section("NOTES");
            preformatted(lines);
        }
    }

    private void seeAlso() {
        List<String> others = new ArrayList<>();
        if (command.parent() != null) {
            others.add(name(command.parent()) + "(1)");
        }
        visible(command).forEach(below -> others.add(name(below) + "(1)"));
        section("SEE ALSO");
        line(escaped(String.join(", ", others)));
    }

    /** The commands below this one that are not hidden, each once, whatever its aliases. */
    static List<CommandSpec> visible(CommandSpec command) {
        return command.subcommands().values().stream()
                .map(CommandLine::getCommandSpec)
                .distinct()
                .filter(below -> !below.usageMessage().hidden())
                .toList();
    }

    private String firstSentence() {
        String said = String.join(" ", descriptions(command));
        int end = said.indexOf(". ");
        String sentence = end < 0 ? said : said.substring(0, end);
        sentence = sentence.endsWith(".") ? sentence.substring(0, sentence.length() - 1) : sentence;
        return sentence.isEmpty() ? name(command) : sentence;
    }

    private static List<String> descriptions(CommandSpec command) {
        return Arrays.stream(command.usageMessage().description())
                .map(ManPage::plain)
                .toList();
    }

    /** Without markup, and with the doubled percent signs of format strings single. */
    private static String plain(String said) {
        return Ansi.OFF.string(said).replace("%%", "%").replace("%n", " ");
    }

    private void section(String heading) {
        line(".SH \"" + heading + "\"");
    }

    private void preformatted(List<String> lines) {
        line(".nf");
        lines.forEach(each -> line(escaped(each.stripTrailing())));
        line(".fi");
    }

    /** Backslashes and hyphens as they are, and no dot or quote that would begin a request. */
    private static String escaped(String said) {
        String safe = said.replace("\\", "\\e")
                .replace("-", "\\-")
                .replace("'", "\\(aq")
                .replace("~", "\\(ti");
        safe = safe.replace("^", "\\(ha").replace("`", "\\(ga");
        return safe.startsWith(".") ? "\\&" + safe : safe;
    }

    private void line(String said) {
        text.append(said).append('\n');
    }
}
