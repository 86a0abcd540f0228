package io.annulet.cli.demo;

import io.annulet.cli.CommandFailure;
import io.annulet.cli.vm.GuestImage;
import io.annulet.cli.vm.QemuGuest;
import io.annulet.cli.vm.Tools;
import io.annulet.linux.Capability;
import io.annulet.linux.Privileges;
import java.nio.file.Path;
import java.util.function.Consumer;

/** Finds out whether Linux guests can be shown on this machine, and installs what is missing for them. */
public final class Preparation {

    private static final Path TUN = Path.of("/dev/net/tun");

    private Preparation() {}

    /**
     * Returns what the guests boot. The first time on a machine this takes a minute and the network, later next to no time.
     *
     * @param progress gets a line for each thing that is done
     * @throws CommandFailure if the guests cannot be shown here
     */
    public static GuestImage prepare(Consumer<String> progress) {
        if (!Privileges.has(Capability.CAP_NET_ADMIN)) {
            throw new CommandFailure("a tap cannot be made without CAP_NET_ADMIN", "run as root");
        }
        if (!Privileges.mayOpen(TUN)) {
            throw new CommandFailure(TUN + " cannot be opened", "modprobe tun; in a container add --device " + TUN);
        }
        Tools.install(progress, "qemu", "guest-image", "host-net");
        QemuGuest.obstacle().ifPresent(obstacle -> {
            // The script found one on the path, so it is another that was asked for.
            throw new CommandFailure(obstacle, "or unset ANNULET_QEMU");
        });
        return GuestImage.build(progress);
    }
}
