package io.annulet.cli.channel;

import io.annulet.channel.ChannelOptions.Role;
import io.annulet.channel.GenerationWatch;
import io.annulet.channel.SealedChannel;
import io.annulet.cli.CommandFailure;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code annulet channel receive}: files from the other end. */
@Command(
        name = "receive",
        description = "Receives files of annulet channel send at the other end into a folder.",
        mixinStandardHelpOptions = true,
        sortOptions = false)
final class ReceiveCommand implements Callable<Integer> {
    private static final long WAIT_NANOS = TimeUnit.MILLISECONDS.toNanos(100);

    @Mixin
    private EndChoice end;

    @Option(names = "--keep", description = "Go on after the first file, until this is interrupted.")
    private boolean keep;

    @Parameters(paramLabel = "DIR", description = "Where files go; none there is ever replaced.")
    private Path folder;

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() throws IOException {
        if (!Files.isDirectory(folder)) {
            throw new CommandFailure(folder + " is no folder", "make it, or name another one");
        }
        PrintWriter err = spec.commandLine().getErr();
        PrintWriter out = spec.commandLine().getOut();
        try (ChannelDevice device = end.openDevice();
                SealedChannel channel = end.open(device, Role.RESPONDER, err);
                GenerationWatch _ = EndChoice.watch(channel, err);
                FileReceiver receiver = new FileReceiver(channel, folder, err)) {
            out.println("waiting");
            out.flush();
            boolean hasStored = false;
            while (keep || !(hasStored && receiver.isEnded())) {
                if (receiver.turn() == 0) {
                    channel.await(WAIT_NANOS);
                }
                String stored = receiver.takeStored();
                if (stored != null) {
                    hasStored = true;
                    out.println(stored);
                    out.flush();
                }
                if (channel.isLost()) {
                    throw new CommandFailure("the channel's memory is gone", "attach to the channel again");
                }
            }
        }
        return 0;
    }
}
