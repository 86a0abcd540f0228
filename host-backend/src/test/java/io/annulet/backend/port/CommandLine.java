package io.annulet.backend.port;

/** Tools of the machine that tests of other packages ask. */
public final class CommandLine {

    private CommandLine() {}

    /** Skips the test, with the reason, where one is missing. */
    public static void assumeInstalled(String... tools) {
        NetworkNamespace.assumeInstalled(tools);
    }

    /** Runs a command, which must succeed; returns what it said. */
    public static String check(String... command) {
        return NetworkNamespace.check(command);
    }
}
