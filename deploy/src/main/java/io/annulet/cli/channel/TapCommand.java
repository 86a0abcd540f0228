package io.annulet.cli.channel;

import io.annulet.channel.GenerationWatch;
import io.annulet.channel.SealedChannel;
import io.annulet.linux.Tap;
import io.annulet.linux.TapOptions;
import java.io.IOException;
import java.io.PrintWriter;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code annulet channel tap}: a network interface whose frames travel sealed to the other end's. */
@Command(
        name = "tap",
        description = "Makes a tap whose frames travel sealed to the other end's, until this is interrupted.",
        mixinStandardHelpOptions = true,
        sortOptions = false,
        footer = {
            "",
            "  annulet channel tap --key a.key --peer annulet-public-... &",
            "  ip address add 10.1.1.1/24 dev sealed0"
        })
final class TapCommand implements Callable<Integer> {

    @Mixin
    private EndChoice end;

    @Option(names = "--name", paramLabel = "INTERFACE", description = "The tap's name (default: sealed0).")
    private String name = "sealed0";

    @Option(names = "--mtu", paramLabel = "N", description = "The tap's MTU (default: 9000).")
    private int mtu = 9000;

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() throws IOException {
        PrintWriter err = spec.commandLine().getErr();
        TapOptions options = new TapOptions(TapOptions.Presence.ATTACH_OR_CREATE, 0, false, true, 0);
        try (Tap tap = Tap.open(name, options);
                ChannelDevice device = end.openDevice();
                SealedChannel channel = end.open(device, null, err);
                GenerationWatch _ = EndChoice.watch(channel, err)) {
            tap.mtu(mtu);
            tap.up();
            PrintWriter out = spec.commandLine().getOut();
            out.println("ready: " + tap.name());
            out.flush();
            try (SealedTap sealed = new SealedTap(tap, channel, device.doorbell(), mtu, err)) {
                sealed.run();
            }
        }
        return 0;
    }
}
