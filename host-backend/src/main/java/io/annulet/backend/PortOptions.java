package io.annulet.backend;

import io.annulet.backend.control.VhostUserOptions;
import io.annulet.backend.data.CallPolicy;
import io.annulet.backend.policy.PortPolicy;
import io.annulet.backend.port.PcapPortOptions;
import io.annulet.backend.port.TapPortOptions;
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
                    + (options.mtu() == 0 ? "" : ",mtu=" + options.mtu()) + words(options.calls()) + rest
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
                    + (options.mtu() == 0 ? "" : ",mtu=" + options.mtu()) + policy;
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
