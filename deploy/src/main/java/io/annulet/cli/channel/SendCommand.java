package io.annulet.cli.channel;

import io.annulet.channel.ChannelOptions.Role;
import io.annulet.channel.GenerationWatch;
import io.annulet.channel.SealedChannel;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.Locale;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code annulet channel send}: a file to the other end. */
@Command(
        name = "send",
        description =
                "Sends a file to annulet channel receive at the other end; sent again, it goes on where it stopped.",
        mixinStandardHelpOptions = true,
        sortOptions = false)
final class SendCommand implements Callable<Integer> {

    @Mixin
    private EndChoice end;

    @Option(
            names = "--wait",
            paramLabel = "SECONDS",
            description = "Give up when the other end is silent for so long (default: 60).")
    private int waitSeconds = 60;

    @Parameters(paramLabel = "FILE", description = "What to send.")
    private Path file;

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() throws IOException {
        PrintWriter err = spec.commandLine().getErr();
        long startNanos = System.nanoTime();
        try (ChannelDevice device = end.openDevice();
                SealedChannel channel = end.open(device, Role.INITIATOR, err);
                GenerationWatch _ = EndChoice.watch(channel, err)) {
            FileSender sender = new FileSender(channel, file, err);
            sender.run(TimeUnit.SECONDS.toNanos(waitSeconds));
            PrintWriter out = spec.commandLine().getOut();
            out.println(String.format(
                    Locale.ROOT,
                    "sent %s, %d bytes in %.1f s, sha256 %s",
                    file.getFileName(),
                    sender.byteLength(),
                    (System.nanoTime() - startNanos) / 1e9,
                    sender.hash()));
            out.flush();
        }
        return 0;
    }
}
