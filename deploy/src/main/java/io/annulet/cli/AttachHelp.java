package io.annulet.cli;

import io.annulet.backend.PortOptions;
import io.annulet.backend.control.IvshmemOptions;
import io.annulet.backend.control.VhostUserOptions;
import io.annulet.linux.PassedSockets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** Tells the user of {@code annulet run} what each port is, and how a guest is attached to it. */
final class AttachHelp {

    private AttachHelp() {}

    /** @param interfaceNames of taps, by the names of their ports */
    static List<String> lines(PortOptions port, Map<String, String> interfaceNames) {
        return switch (port) {
            case PortOptions.Guest guest -> guestLines(guest.options());
            case PortOptions.Tap tap ->
                List.of("port " + tap.name() + ": interface " + interfaceNames.get(tap.name()) + " of this host");
            case PortOptions.Xdp xdp ->
                List.of("port " + xdp.name() + ": queue " + xdp.options().queue() + " of interface "
                        + xdp.options().interfaceName() + ", which the host does not see any more");
            case PortOptions.Nic nic ->
                List.of("port " + nic.name() + ": the NIC at " + nic.options().address());
            case PortOptions.Pcap pcap ->
                List.of("port " + pcap.name() + ": file " + pcap.options().file());
            case PortOptions.Loopback loopback -> List.of("port " + loopback.name() + ": sends every frame back");
        };
    }

    private static List<String> guestLines(VhostUserOptions guest) {
        boolean isServer = guest.mode() == VhostUserOptions.Mode.SERVER;
        boolean hasManyQueues = guest.queuePairs() > 1;
        String name = guest.name();
        String path = guest.socket().toAbsolutePath().toString();
        List<String> lines = new ArrayList<>();
        if (PassedSockets.isNumber(guest.socket())) {
            return List.of("port " + name + ": at the passed socket " + path);
        }
        if (guest.profile() == VhostUserOptions.Profile.GENERIC) {
            lines.add("port " + name + ": " + (isServer ? "listens at " : "connects to ") + path
                    + "; user-mode Linux attaches a guest with");
            lines.add("    linux.uml ... virtio_uml.device=" + path + ":1");
            return lines;
        }
        lines.add("port " + name + ": " + (isServer ? "listens at " : "connects to ") + path
                + "; QEMU attaches a guest, here of 1 GiB, with");
        lines.add("    -m 1G -object memory-backend-memfd,id=mem,size=1G,share=on -numa node,memdev=mem");
        lines.add("    -chardev socket,id=" + name + ",path=" + path + (isServer ? "" : ",server=on,wait=off"));
        lines.add("    -netdev vhost-user,id=" + name + ",chardev=" + name
                + (hasManyQueues ? ",queues=" + guest.queuePairs() : ""));
        lines.add("    -device virtio-net-pci,netdev=" + name
                + (hasManyQueues ? ",mq=on,vectors=" + vectors(guest.queuePairs()) : "")
                + (guest.mtu() == 0 ? "" : ",host_mtu=" + guest.mtu()));
        return lines;
    }

    /** How a guest gets a channel's memory. */
    static List<String> lines(IvshmemOptions channel) {
        return List.of(
                channel.name() + ": channel at " + channel.socket() + ", QEMU options:",
                "  -chardev socket,id=" + channel.name() + ",path=" + channel.socket()
                        + " -device ivshmem-doorbell,chardev=" + channel.name() + ",vectors=" + channel.vectors());
    }

    /** One for each queue, one for changes of the configuration, one for the control queue. */
    private static int vectors(int queuePairs) {
        return 2 * queuePairs + 2;
    }
}
