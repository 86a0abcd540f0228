package io.annulet.backend.config;

import io.annulet.backend.PortOptions;
import io.annulet.backend.control.DeviceConfig;
import io.annulet.backend.control.SealPolicy;
import io.annulet.backend.control.VhostUserOptions;
import io.annulet.backend.control.VhostUserOptions.Mode;
import io.annulet.backend.control.VhostUserOptions.Profile;
import io.annulet.backend.data.CallPolicy;
import io.annulet.backend.policy.MacText;
import io.annulet.backend.port.NicPortOptions;
import io.annulet.backend.port.PcapPortOptions;
import io.annulet.backend.port.PcapPortOptions.Direction;
import io.annulet.backend.port.PcapPortOptions.Pace;
import io.annulet.backend.port.TapPortOptions;
import io.annulet.backend.port.XdpPortOptions;
import io.annulet.backend.port.XdpPortOptions.OpenChecksums;
import io.annulet.linux.PeerRule;
import io.annulet.linux.SocketAccess;
import io.annulet.linux.UserNames;
import io.annulet.linux.XdpSetup;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Reads a port as the command line has it, {@code NAME=KIND:TARGET[,option=value]...}, or in parts. Every mistake is an
 * {@link IllegalArgumentException} whose message is one line that says what to write instead.
 *
 * @param kind such as vhost-user
 * @param target what it is a port to; empty for a kind that has none
 * @param options by their names, as they are written
 */
public record PortSpec(String name, String kind, String target, Map<String, String> options) {

    private static final Pattern FORM = Pattern.compile("([^=]*)=([^:,]*)(?::([^,]*))?(?:,(.*))?", Pattern.DOTALL);
    private static final String EXAMPLE = "write NAME=KIND:TARGET, for example a=vhost-user:/run/annulet/a.sock";
    private static final int GROUP_MAY_CONNECT = 0660;

    private enum Switched {
        ON,
        OFF
    }

    private enum Reset {
        REQUIRED,
        OPTIONAL
    }

    /** The port that a text describes. */
    public static PortOptions parse(String text) {
        PortSpec spec = of(text);
        try {
            return spec.toPort();
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException("port " + text + ": " + e.getMessage(), e);
        }
    }

    /** What a port says of itself, in parts. */
    public static PortSpec of(PortOptions port) {
        return of(port.toString());
    }

    private static PortSpec of(String text) {
        Matcher parts = FORM.matcher(text);
        if (!parts.matches()) {
            throw new IllegalArgumentException("'" + text + "' is no port; " + EXAMPLE);
        }
        String target = parts.group(3) == null ? "" : parts.group(3);
        return new PortSpec(parts.group(1), parts.group(2), target, SpecOptions.split(parts.group(4)));
    }

    /** The port; its name is checked together with those of others. */
    public PortOptions toPort() {
        checkText("target", target);
        options.forEach(PortSpec::checkText);
        SpecOptions taken = new SpecOptions(kind, options);
        PortOptions port = port(taken);
        taken.checkAllTaken();
        return port;
    }

    /** What is written can be read again: a comma ends a target or a value, and none has control characters. */
    private static void checkText(String what, String text) {
        if (text.chars().anyMatch(c -> c == ',' || c < ' ')) {
            throw new IllegalArgumentException(
                    what + ": a comma or control character cannot stand in it; leave it out");
        }
    }

    private PortOptions port(SpecOptions options) {
        return switch (kind) {
            case "vhost-user" -> guest(name, needed(target, "a socket: vhost-user:/run/a.sock"), options);
            case "tap" -> tap(name, needed(target, "an interface: tap:annulet0"), options);
            case "af_xdp" -> xdp(name, needed(target, "an interface: af_xdp:eth1"), options);
            case "vfio" -> nic(name, needed(target, "a device: vfio:0000:02:00.0"), options);
            case "pcap" -> pcap(name, needed(target, "a file: pcap:/tmp/frames.pcap"), options);
            case "loopback" -> loopback(name, target, options);
            default ->
                throw new IllegalArgumentException(
                        "there is no kind '" + kind + "'; use vhost-user, tap, af_xdp, vfio, pcap or loopback");
        };
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
                calls(options),
                options.bytes("max-memory", 0),
                options.choice("iommu", Switched.OFF) == Switched.ON,
                options.choice("postcopy", Switched.OFF) == Switched.ON,
                config(options));
        return new PortOptions.Guest(guest, PolicySpec.take(options));
    }

    private static DeviceConfig config(SpecOptions options) {
        String mac = options.text("mac");
        return DeviceConfig.of(
                mac == null ? "" : mac,
                options.hasAny("speed") ? options.number("speed", 0) : DeviceConfig.UNKNOWN_SPEED);
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
                options.permissions("perm", GROUP_MAY_CONNECT),
                options.text("owner"),
                options.text("group"),
                new PeerRule(
                        options.ids("allow-uid", UserNames::idOf), options.ids("allow-gid", UserNames::groupIdOf)));
    }

    private static PortOptions tap(String name, String interfaceName, SpecOptions options) {
        return new PortOptions.Tap(
                name,
                new TapPortOptions(
                        interfaceName,
                        options.number("mtu", 0),
                        options.number("queues", 1),
                        options.number("verify", TapPortOptions.USUAL_VERIFY),
                        options.choice("io", TapPortOptions.Io.CALLS)),
                PolicySpec.take(options));
    }

    private static PortOptions xdp(String name, String interfaceName, SpecOptions options) {
        return new PortOptions.Xdp(
                name,
                new XdpPortOptions(
                        interfaceName,
                        options.number("queue", 0),
                        options.choice("mode", XdpSetup.Copying.AUTO),
                        options.choice("open-checksums", OpenChecksums.AUTO),
                        options.number("busy-poll", 0),
                        options.choice("umem", XdpPortOptions.Umem.OWN),
                        options.choice("program", XdpPortOptions.Program.OWN)),
                PolicySpec.take(options));
    }

    private static PortOptions nic(String name, String address, SpecOptions options) {
        boolean promiscuous = options.choice("promiscuous", Switched.ON) == Switched.ON;
        String groups = options.text("groups");
        if (promiscuous && groups != null) {
            throw new IllegalArgumentException("groups are for promiscuous=off: leave them out");
        }
        boolean allGroups = groups == null || groups.equals("all");
        return new PortOptions.Nic(
                name,
                new NicPortOptions(
                        address,
                        options.choice("zero-copy", NicPortOptions.ZeroCopy.TX),
                        options.number("mtu", 0),
                        promiscuous,
                        allGroups,
                        allGroups || groups == null ? List.of() : MacText.groups(groups),
                        options.choice("reset", Reset.REQUIRED) == Reset.OPTIONAL),
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
