package io.annulet.cli.bench;

import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Starts this program again, with the JVM options that this process has; stateless. */
final class Annulet {

    private static final String MAIN = "io.annulet.cli.Main";

    private Annulet() {}

    /** The command line of {@code annulet} with these arguments. */
    static List<String> command(List<String> jvmOptions, List<String> arguments) {
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.addAll(ManagementFactory.getRuntimeMXBean().getInputArguments());
        command.add("-XX:-DisableAttachMechanism"); // what it allocates is asked for so
        command.addAll(jvmOptions);
        command.addAll(List.of("-cp", System.getProperty("java.class.path"), MAIN));
        command.addAll(arguments);
        return command;
    }

    /** The arguments that serve two guests on a switch, with the worker on this processor. */
    static List<String> serve(BackEndSockets sockets, int cpu, String poll) {
        return List.of(
                "run",
                "--port",
                "a=vhost-user:" + sockets.first(),
                "--port",
                "b=vhost-user:" + sockets.second(),
                "--cpu",
                Integer.toString(cpu),
                "--poll",
                poll,
                "--counters",
                sockets.folder().resolve(sockets.name() + ".counters").toString(),
                "--log",
                "warn");
    }
}
