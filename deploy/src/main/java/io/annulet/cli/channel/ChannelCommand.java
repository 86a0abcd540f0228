package io.annulet.cli.channel;

import java.io.PrintWriter;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** {@code annulet channel}: sealed channels between guests. */
@Command(
        name = "channel",
        description = "Talks to another guest over shared memory, sealed against everybody else who can see it.",
        mixinStandardHelpOptions = true,
        synopsisSubcommandLabel = "COMMAND",
        subcommands = {
            KeygenCommand.class,
            SendCommand.class,
            ReceiveCommand.class,
            TapCommand.class,
            ChannelBenchmarkCommand.class,
            HoldCommand.class
        },
        footer = {
            "",
            "Memory of a channel, for --device:",
            "  pci[:ADDRESS]     this guest's ivshmem device, polled; of several, name one (default)",
            "  vfio:ADDRESS      the same through VFIO, with interrupts; needs an IOMMU in the guest",
            "  ivshmem:SOCKET    of annulet run --channel, for a process of the host",
            "  file:PATH         any file that both ends map, as in /dev/shm; polled",
            "",
            "A file from one guest to another; the keys are exchanged once, by a way you trust:",
            "  host#  annulet run --channel c=ivshmem:/run/c.sock      and a QEMU device in each guest, as it prints",
            "  a#     annulet channel keygen a.key",
            "  b#     annulet channel keygen b.key",
            "  b#     annulet channel receive --key b.key --peer annulet-public-... /srv",
            "  a#     annulet channel send --key a.key --peer annulet-public-... FILE"
        })
public final class ChannelCommand implements Runnable {

    @Spec
    private CommandSpec spec;

    @Override
    public void run() {
        PrintWriter out = spec.commandLine().getOut();
        spec.commandLine().usage(out);
        out.flush();
    }
}
