package io.annulet.cli;

import io.annulet.backend.PortOptions;
import io.annulet.backend.control.SealPolicy;
import io.annulet.backend.control.VhostUserOptions;
import io.annulet.backend.control.VhostUserOptions.Mode;
import io.annulet.backend.control.VhostUserOptions.Profile;
import io.annulet.backend.data.CallPolicy;
import io.annulet.backend.port.PcapPortOptions;
import io.annulet.backend.port.PcapPortOptions.Direction;
import io.annulet.backend.port.PcapPortOptions.Pace;
import io.annulet.backend.port.TapPortOptions;
import io.annulet.linux.SocketAccess;
import java.nio.file.Path;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Reads a port as the command line has it: {@code NAME=KIND:TARGET[,option=value]...}. Every mistake is an
 * {@link IllegalArgumentException} whose message is one line that says what to write instead.
 */
final class PortSpec {

    private static final Pattern FORM = Pattern.compile("([^=]*)=([^:,]*)(?::([^,]*))?(?:,(.*))?", Pattern.DOTALL);
    private static final String EXAMPLE = "write NAME=KIND:TARGET, for example a=vhost-user:/run/annulet/a.sock";
    private static final int GROUP_MAY_CONNECT = 0660;

    private PortSpec() {}

    static PortOptions parse(String spec) {
        Matcher parts = FORM.matcher(spec);
        if (!parts.matches()) {
            throw new IllegalArgumentException("'" + spec + "' is no port; " + EXAMPLE);
        }
        String name = parts.group(1);
        String kind = parts.group(2);
        String target = parts.group(3) == null ? "" : parts.group(3);
        SpecOptions options = SpecOptions.parse(kind, parts.group(4));
        try {
            PortOptions port = switch (kind) {
                case "vhost-user" -> guest(name, needed(target, "a socket: vhost-user:/run/a.sock"), options);
                case "tap" -> tap(name, needed(target, "an interface: tap:annulet0"), options);
                case "pcap" -> pcap(name, needed(target, "a file: pcap:/tmp/frames.pcap"), options);
                case "loopback" -> loopback(name, target, options);
                default ->
                    throw new IllegalArgumentException(
                            "there is no kind '" + kind + "'; use vhost-user, tap, pcap or loopback");
            };
            options.checkAllTaken();
            return port;
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException("port " + spec + ": " + e.getMessage(), e);
        }
    }

    private static String needed(String target, String example) {
        if (target.isEmpty()) {
            throw new IllegalArgumentException("it needs " + example);
        }
        return target;
    }

    private static PortOptions guest(String name, String socket, SpecOptions options) {
        Mode mode = options.choice("mode", Mode.SERVER);
        VhostUserOptions guest = new VhostUserOptions(
                name,
                Path.of(socket),
                mode,
                options.number("queues", 1),
                options.choice("seal", SealPolicy.AUTO),
                options.choice("profile", Profile.QEMU),
                options.number("mtu", 0),
                access(options, mode),
                calls(options));
        return new PortOptions.Guest(guest, PolicySpec.take(options));
    }

    private static CallPolicy calls(SpecOptions options) {
        CallPolicy.Mode mode = options.choice("coalesce", CallPolicy.Mode.OFF);
        if (mode == CallPolicy.Mode.OFF && options.hasAny("coalesce-frames", "coalesce-micros")) {
            throw new IllegalArgumentException(
                    "coalesce-frames and coalesce-micros are for coalesce=on or adaptive: leave them out");
        }
        return CallPolicy.of(
                mode,
                options.number("coalesce-frames", CallPolicy.DEFAULT_FRAMES),
                options.number("coalesce-micros", CallPolicy.DEFAULT_MICROS));
    }

    private static SocketAccess access(SpecOptions options, Mode mode) {
        if (mode == Mode.CLIENT && options.hasAny("owner", "group", "perm")) {
            throw new IllegalArgumentException("owner, group and perm are for mode=server: leave them out");
        }
        return new SocketAccess(
                options.permissions("perm", GROUP_MAY_CONNECT), options.text("owner"), options.text("group"));
    }

    private static PortOptions tap(String name, String interfaceName, SpecOptions options) {
        return new PortOptions.Tap(
                name,
                new TapPortOptions(
                        interfaceName,
                        options.number("mtu", 0),
                        options.number("queues", 1),
                        options.number("verify", TapPortOptions.USUAL_VERIFY)),
                PolicySpec.take(options));
    }

    private static PortOptions pcap(String name, String file, SpecOptions options) {
        Direction direction = options.choice("direction", Direction.WRITE);
        if (direction == Direction.WRITE && options.hasAny("pace")) {
            throw new IllegalArgumentException("pace is for direction=read: leave it out");
        }
        return new PortOptions.Pcap(
                name,
                new PcapPortOptions(Path.of(file), direction, options.choice("pace", Pace.RECORDED)),
                PolicySpec.take(options));
    }

    private static PortOptions loopback(String name, String target, SpecOptions options) {
        if (!target.isEmpty()) {
            throw new IllegalArgumentException("loopback has no target: write " + name + "=loopback");
        }
        return new PortOptions.Loopback(name, PolicySpec.take(options));
    }
}
