package io.annulet.backend;

import io.annulet.backend.control.VhostUserOptions;
import io.annulet.backend.data.CallPolicy;
import io.annulet.backend.policy.MacText;
import io.annulet.backend.policy.PortPolicy;
import io.annulet.backend.port.NicPortOptions;
import io.annulet.backend.port.PcapPortOptions;
import io.annulet.backend.port.TapPortOptions;
import io.annulet.backend.port.XdpPortOptions;
import io.annulet.linux.SocketAccess;
import java.util.Locale;
import java.util.concurrent.TimeUnit;

/** A port as it is configured: its name, and what its kind needs. As a string it is what {@code --port} takes. */
public sealed interface PortOptions {

    String name();

    /** What the port holds that no other port can hold as well; empty if there is no such thing. */
    String claim();

    /** What the port may do on a switch. */
    PortPolicy policy();

    /** This port with another policy. */
    default PortOptions withPolicy(PortPolicy other) {
        return switch (this) {
            case Guest port -> new Guest(port.options, other);
            case Tap port -> new Tap(port.name, port.options, other);
            case Xdp port -> new Xdp(port.name, port.options, other);
            case Pcap port -> new Pcap(port.name, port.options, other);
            case Nic port -> new Nic(port.name, port.options, other);
            case Loopback port -> new Loopback(port.name, other);
        };
    }

    /** A guest behind vhost-user. */
    record Guest(VhostUserOptions options, PortPolicy policy) implements PortOptions {

        /** One that may do everything. */
        public Guest(VhostUserOptions options) {
            this(options, PortPolicy.NONE);
        }

        @Override
        public String name() {
            return options.name();
        }

        @Override
        public String claim() {
            return "socket " + options.socket().toAbsolutePath().normalize();
        }

        @Override
        public String toString() {
            String rest = options.mode() == VhostUserOptions.Mode.SERVER ? words(options.access()) : "";
            return name() + "=vhost-user:" + options.socket() + ",mode=" + word(options.mode()) + ",queues="
                    + options.queuePairs() + ",seal=" + word(options.seal()) + ",profile=" + word(options.profile())
                    + (options.mtu() == 0 ? "" : ",mtu=" + options.mtu()) + options.config() + words(options.calls())
                    + rest
                    + options.access().peers()
                    + (options.memoryBytes() == 0 ? "" : ",max-memory=" + options.memoryBytes())
                    + (options.iommu() ? ",iommu=on" : "")
                    + (options.postcopy() ? ",postcopy=on" : "")
                    + policy;
        }

        private static String words(CallPolicy calls) {
            return calls.equals(CallPolicy.OFF)
                    ? ""
                    : ",coalesce=" + word(calls.mode()) + ",coalesce-frames=" + calls.frames() + ",coalesce-micros="
                            + TimeUnit.NANOSECONDS.toMicros(calls.nanos());
        }

        private static String words(SocketAccess access) {
            return String.format(",perm=%04o", access.mode())
                    + (access.owner() == null ? "" : ",owner=" + access.owner())
                    + (access.group() == null ? "" : ",group=" + access.group());
        }
    }

    /** A network interface of the host. */
    record Tap(String name, TapPortOptions options, PortPolicy policy) implements PortOptions {

        public Tap(String name, TapPortOptions options) {
            this(name, options, PortPolicy.NONE);
        }

        @Override
        public String claim() {
            return options.interfaceName().contains("%") ? "" : "interface " + options.interfaceName();
        }

        @Override
        public String toString() {
            return name + "=tap:" + options.interfaceName() + ",queues=" + options.queues()
                    + (options.mtu() == 0 ? "" : ",mtu=" + options.mtu())
                    + (options.verify() == TapPortOptions.USUAL_VERIFY ? "" : ",verify=" + options.verify())
                    + (options.io() == TapPortOptions.Io.CALLS ? "" : ",io=" + word(options.io())) + policy;
        }
    }

    /** A queue of a network interface of the host, past its network stack. */
    record Xdp(String name, XdpPortOptions options, PortPolicy policy) implements PortOptions {

        public Xdp(String name, XdpPortOptions options) {
            this(name, options, PortPolicy.NONE);
        }

        @Override
        public String claim() {
            return "queue " + options.queue() + " of interface " + options.interfaceName();
        }

        @Override
        public String toString() {
            return name + "=af_xdp:" + options.interfaceName() + ",queue=" + options.queue() + ",mode="
                    + word(options.copying()) + ",open-checksums=" + word(options.openChecksums())
                    + (options.busyPollMicros() == 0 ? "" : ",busy-poll=" + options.busyPollMicros())
                    + ",umem=" + word(options.umem())
                    + (options.program() == XdpPortOptions.Program.OWN ? "" : ",program=" + word(options.program()))
                    + policy;
        }
    }

    /** A file of frames. */
    record Pcap(String name, PcapPortOptions options, PortPolicy policy) implements PortOptions {

        public Pcap(String name, PcapPortOptions options) {
            this(name, options, PortPolicy.NONE);
        }

        @Override
        public String claim() {
            return options.direction() == PcapPortOptions.Direction.WRITE
                    ? "file " + options.file().toAbsolutePath().normalize()
                    : "";
        }

        @Override
        public String toString() {
            String how = ",direction=" + word(options.direction());
            boolean isRead = options.direction() == PcapPortOptions.Direction.READ;
            return name + "=pcap:" + options.file() + how + (isRead ? ",pace=" + word(options.pace()) : "") + policy;
        }
    }

    /** A NIC that this process drives itself. */
    record Nic(String name, NicPortOptions options, PortPolicy policy) implements PortOptions {

        @Override
        public String claim() {
            return "device " + options.address();
        }

        @Override
        public String toString() {
            return name + "=vfio:" + options.address() + ",zero-copy=" + word(options.zeroCopy())
                    + (options.mtu() == 0 ? "" : ",mtu=" + options.mtu())
                    + (options.promiscuous() ? "" : ",promiscuous=off")
                    + (options.allGroups() ? "" : ",groups=" + MacText.of(options.groups()))
                    + (options.evenWithoutReset() ? ",reset=optional" : "") + policy;
        }
    }

    /** Every frame comes back. */
    record Loopback(String name, PortPolicy policy) implements PortOptions {

        public Loopback(String name) {
            this(name, PortPolicy.NONE);
        }

        @Override
        public String claim() {
            return "";
        }

        @Override
        public String toString() {
            return name + "=loopback" + policy;
        }
    }

    private static String word(Enum<?> value) {
        return value.name().toLowerCase(Locale.ROOT);
    }
}
