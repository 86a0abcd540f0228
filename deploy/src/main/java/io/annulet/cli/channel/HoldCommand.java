package io.annulet.cli.channel;

import io.annulet.backend.control.FdHolder;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code annulet channel hold}: keeps a back-end's descriptors while it is restarted. */
@Command(
        name = "hold",
        description = "Keeps memory, sockets and eventfds of annulet run --channel while that is restarted.",
        mixinStandardHelpOptions = true)
final class HoldCommand implements Callable<Integer> {

    @Parameters(paramLabel = "SOCKET", description = "For annulet run --fd-holder.")
    private Path socket;

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() {
        try (FdHolder holder = FdHolder.listen(socket)) {
            Runtime.getRuntime().addShutdownHook(new Thread(holder::close, "shutdown"));
            PrintWriter out = spec.commandLine().getOut();
            out.println("ready");
            out.flush();
            holder.run();
        }
        return 0;
    }
}
