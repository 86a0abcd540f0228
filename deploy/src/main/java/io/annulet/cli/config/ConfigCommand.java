package io.annulet.cli.config;

import io.annulet.backend.BackendOptions;
import java.io.PrintWriter;
import java.nio.file.Path;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code annulet config}: what is said of configuration files without running anything. */
@Command(
        name = "config",
        description = "Checks configuration files.",
        mixinStandardHelpOptions = true,
        synopsisSubcommandLabel = "COMMAND",
        footer = {
            "",
            "A file says in YAML what the options of annulet run say:",
            "",
            "  workers: 2",
            "  api: {socket: /run/annulet/api.sock, group: annulet, change: [root, \"@annulet\"]}",
            "  switches: [blue]",
            "  ports:",
            "    a: {kind: vhost-user, target: /run/annulet/a.sock, queues: 2, vlan: 10}",
            "    b: {kind: vhost-user, target: /run/annulet/b.sock, switch: blue}",
            "    up: {kind: tap, target: annulet0, trunk: [10, 20-29]}",
            "    c: {kind: vhost-user, target: /run/annulet/c.sock}",
            "    d: {kind: vhost-user, target: /run/annulet/d.sock}",
            "  links: [c=d]",
            "",
            "Other names: cpu, poll, counters, state, crash-wait, log, sandbox, fd-holder, channels (name: {kind: ivshmem,",
            "target: SOCKET, ...}). Options of ports are those that annulet run --help lists; lists stand for 10+20-29."
        })
public final class ConfigCommand implements Runnable {

    @Spec
    private CommandSpec spec;

    /** Without a command: what there is to choose from. */
    @Override
    public void run() {
        PrintWriter out = spec.commandLine().getOut();
        spec.commandLine().usage(out);
        out.flush();
    }

    @Command(
            name = "check",
            description = "Tells everything that is wrong with a file, each with its line; ends with status 2 then.",
            mixinStandardHelpOptions = true)
    void check(@Parameters(paramLabel = "FILE") Path file) {
        BackendOptions options = ConfigFile.read(file).backendOptions(true);
        PrintWriter out = spec.commandLine().getOut();
        options.lines().forEach(out::println);
        out.flush();
    }
}
