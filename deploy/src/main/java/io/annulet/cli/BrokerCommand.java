package io.annulet.cli;

import io.annulet.backend.broker.Broker;
import io.annulet.backend.broker.BrokerRules;
import io.annulet.linux.Capability;
import io.annulet.linux.Limits;
import io.annulet.linux.Sandbox;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/** {@code annulet broker}: started by {@link SandboxLauncher}, and by nobody else. */
@Command(
        name = "broker",
        hidden = true,
        description = "Opens for a back-end in a sandbox what was allowed when it was started.")
final class BrokerCommand implements Callable<Integer> {

    /** What opening taps and AF_XDP sockets needs. */
    private static final Set<Capability> RIGHTS =
            Set.of(Capability.CAP_NET_ADMIN, Capability.CAP_NET_RAW, Capability.CAP_BPF);

    @Parameters(index = "0", paramLabel = "SOCKET")
    private Path socket = Path.of("");

    @Parameters(index = "1", paramLabel = "PID")
    private long processId;

    @Parameters(index = "2..*", paramLabel = "KIND:NAME")
    private List<String> allowed = List.of();

    @Override
    public Integer call() {
        ProcessHandle parent = ProcessHandle.of(processId).orElse(null);
        try (Broker broker = Broker.listen(socket, new BrokerRules(allowed))) {
            Sandbox.forbidNewPrivileges();
            Sandbox.keepCapabilities(RIGHTS);
            Limits.forbidCoreDumps();
            Sandbox.hideMemory();
            broker.run(processId, () -> parent != null && parent.isAlive());
        }
        return 0;
    }
}
