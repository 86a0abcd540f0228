package io.annulet.cli;

import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;
import picocli.CommandLine.Unmatched;

/**
 * {@code annulet vhost-user-net}: the back-end of one device, by the conventions of QEMU's "Vhost-user Protocol", section
 * "Backend program conventions". It is {@code run} with two ports and a straight link.
 */
@Command(
        name = "vhost-user-net",
        description = "Serves one guest's network device, as management software starts a back-end program.",
        mixinStandardHelpOptions = true,
        sortOptions = false,
        footer = {
            "",
            "Follows the back-end program conventions of QEMU's vhost-user specification. Give either --socket-path or --fd.",
            "Where the descriptor listens, guests may come again and again; where it is connected, the program ends with",
            "status 0 when the front-end has gone. SIGTERM ends it with status 0 too.",
            "",
            "  annulet vhost-user-net --socket-path=/run/guest.sock --uplink=tap:annulet0",
            "  annulet vhost-user-net --fd=3 --uplink=af_xdp:eth1 --device=queues=4,mtu=1500"
        })
final class VhostUserNetCommand implements Callable<Integer> {

    @Option(
            names = "--socket-path",
            paramLabel = "PATH",
            description = "The socket at which it listens for the front-end.")
    private @Nullable String socketPath;

    @Option(
            names = "--fd",
            paramLabel = "FDNUM",
            description =
                    "The number of a descriptor that this program was started with: a Unix stream socket that listens,"
                            + " or one that is connected to the front-end.")
    private @Nullable String fd;

    @Option(
            names = "--print-capabilities",
            description = "Print as JSON what this back-end is, and end; other options are ignored.")
    private boolean printCapabilities;

    @Option(
            names = "--uplink",
            paramLabel = "KIND:TARGET[,option=value]...",
            description = "Where the guest's frames go, as a port of annulet run (default: a new tap, tap:annulet%%d).")
    private String uplink = "tap:annulet%d";

    @Option(
            names = "--device",
            paramLabel = "option=value[,...]",
            description = "Options of the guest's port, as those of vhost-user ports of annulet run.")
    private @Nullable String device;

    @Unmatched
    private List<String> others = new ArrayList<>();

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() {
        if (printCapabilities) {
            PrintWriter out = spec.commandLine().getOut();
            out.println(Json.write(Map.of("type", "net")));
            out.flush();
            return 0;
        }
        if (!others.isEmpty()) {
            throw wrong("Unknown option: '" + others.getFirst() + "'");
        }
        CommandLine run = Main.commandLineFor("run");
        run.setOut(spec.commandLine().getOut()).setErr(spec.commandLine().getErr());
        return run.execute(
                "run",
                "--port",
                "guest=vhost-user:" + socket() + (device == null ? "" : "," + device),
                "--port",
                "uplink=" + uplink,
                "--link",
                "guest=uplink");
    }

    private String socket() {
        if ((socketPath == null) == (fd == null)) {
            throw wrong("give either --socket-path=PATH or --fd=FDNUM");
        }
        if (socketPath != null) {
            return socketPath;
        }
        if (!fd.matches("[0-9]{1,7}") || !Files.exists(Path.of("/proc/self/fd", fd))) {
            throw wrong("--fd=" + fd + ": this program was not started with such a descriptor");
        }
        return "/dev/fd/" + fd;
    }

    private ParameterException wrong(String problem) {
        return new ParameterException(spec.commandLine(), problem);
    }
}
