package io.annulet.cli;

import picocli.CommandLine;
import picocli.CommandLine.Command;

/** The {@code annulet} command. */
@Command(name = "annulet", mixinStandardHelpOptions = true, version = "annulet 0.1.0-SNAPSHOT")
final class Main {
    private Main() {}

    public static void main(String[] args) {
        System.exit(new CommandLine(new Main()).execute(args));
    }
}
