package io.annulet.cli.config;

import io.annulet.backend.BackendOptions;
import io.annulet.backend.LinkOptions;
import io.annulet.backend.PortOptions;
import io.annulet.backend.api.ApiOptions;
import io.annulet.backend.api.ApiSpec;
import io.annulet.backend.config.ChannelSpec;
import io.annulet.backend.config.LinkSpec;
import io.annulet.backend.config.PortSpec;
import io.annulet.backend.control.IvshmemOptions;
import io.annulet.backend.data.PollMode;
import io.annulet.backend.policy.PortPolicy;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.snakeyaml.engine.v2.nodes.Node;

/**
 * Reads a configuration file whole, and tells all that is wrong with it; used by one thread, once. Names and values are
 * those of the command line: what stands behind {@code --port a=} stands under {@code ports: a:}.
 */
public final class ConfigFile {

    private static final List<String> KEYS = List.of(
            "workers",
            "cpu",
            "poll",
            "counters",
            "state",
            "crash-wait",
            "log",
            "sandbox",
            "api",
            "fd-holder",
            "switches",
            "ports",
            "links",
            "channels");

    /** What a message begins with that is about one option. */
    private static final Pattern OPTION =
            Pattern.compile("(?:[a-z_-]+ has no option |option )?([a-z-]+)\\b.*", Pattern.DOTALL);

    private static final Pattern PORT = Pattern.compile("\\bport ([^\\s:,]+)");

    private final YamlNodes nodes;
    private final Map<String, YamlNodes.Entry> top = new LinkedHashMap<>();
    private final Map<String, Integer> portLines = new HashMap<>();
    private final Map<String, Integer> linkLines = new LinkedHashMap<>();

    private ConfigFile(Path file) {
        nodes = new YamlNodes(file);
    }

    /**
     * Reads a file.
     *
     * @throws ConfigException with every problem that was found
     */
    public static RunSettings read(Path file) {
        ConfigFile config = new ConfigFile(file);
        RunSettings settings = config.settings();
        if (!config.nodes.problems().isEmpty()) {
            throw new ConfigException(config.nodes.problems());
        }
        return settings;
    }

    private RunSettings settings() {
        Node root = nodes.root();
        if (root == null) {
            return RunSettings.NONE;
        }
        top.putAll(nodes.mapping(root, "the file"));
        for (YamlNodes.Entry entry : top.values()) {
            if (!KEYS.contains(entry.key())) {
                nodes.problem(entry.line(), "there is no '" + entry.key() + "'; there are " + String.join(", ", KEYS));
            }
        }
        RunSettings settings = new RunSettings(
                ports(),
                links(),
                channels(),
                value("fd-holder", Path::of),
                value("workers", text -> number("workers", text, 1, BackendOptions.MAX_WORKERS)),
                value("cpu", text -> text.replace('+', ',')),
                value("poll", text -> choice("poll", text, PollMode.class)),
                value("counters", Path::of),
                value("state", Path::of),
                value("crash-wait", text -> (long) number("crash-wait", text, 0, 600_000)),
                api(),
                value("log", LogOptions::parse),
                value("sandbox", ConfigFile::isOn));
        checkTogether(settings);
        return settings;
    }

    private <T> @Nullable T value(String key, Function<String, T> reader) {
        YamlNodes.Entry entry = top.get(key);
        String text = entry == null ? null : nodes.text(entry.value(), key);
        if (entry == null || text == null) {
            return null;
        }
        try {
            return reader.apply(text);
        } catch (IllegalArgumentException e) {
            nodes.problem(entry.line(), String.valueOf(e.getMessage()));
            return null;
        }
    }

    private static int number(String key, String text, int least, int most) {
        if (!text.matches("[0-9]{1,9}") || Integer.parseInt(text) < least || Integer.parseInt(text) > most) {
            throw new IllegalArgumentException(key + ": " + text + ": write a number from " + least + " to " + most);
        }
        return Integer.parseInt(text);
    }

    private static <E extends Enum<E>> E choice(String key, String text, Class<E> type) {
        List<String> words = new ArrayList<>();
        for (E constant : type.getEnumConstants()) {
            String word = constant.name().toLowerCase(Locale.ROOT);
            if (word.equals(text)) {
                return constant;
            }
            words.add(word);
        }
        throw new IllegalArgumentException(key + ": " + text + ": use " + String.join(" or ", words));
    }

    private static boolean isOn(String text) {
        return switch (text) {
            case "on", "true" -> true;
            case "off", "false" -> false;
            default -> throw new IllegalArgumentException("sandbox: " + text + ": use on or off");
        };
    }

    private Map<String, YamlNodes.Entry> section(String key) {
        YamlNodes.Entry entry = top.get(key);
        return entry == null ? Map.of() : nodes.mapping(entry.value(), key);
    }

    /** The options of a thing by their names; {@code true} and {@code false} mean on and off. */
    private Map<String, String> options(Map<String, YamlNodes.Entry> entries) {
        Map<String, String> options = new LinkedHashMap<>();
        entries.forEach((name, entry) -> {
            String text = nodes.text(entry.value(), name);
            if (text != null) {
                options.put(name, text.equals("true") ? "on" : text.equals("false") ? "off" : text);
            }
        });
        return options;
    }

    private List<PortOptions> ports() {
        Set<String> switches = switches();
        List<PortOptions> ports = new ArrayList<>();
        for (YamlNodes.Entry port : section("ports").values()) {
            portLines.put(port.key(), port.line());
            Map<String, YamlNodes.Entry> entries = nodes.mapping(port.value(), "port " + port.key());
            Map<String, String> options = options(entries);
            String kind = options.remove("kind");
            String target = options.remove("target");
            String at = options.get("switch");
            try {
                if (kind == null) {
                    throw new IllegalArgumentException(
                            "it needs a kind: vhost-user, tap, af_xdp, vfio, pcap or loopback");
                }
                if (at != null && !switches.contains(at)) {
                    throw new IllegalArgumentException("switch " + at + " is not listed: write it under switches: too");
                }
                ports.add(new PortSpec(port.key(), kind, target == null ? "" : target, options).toPort());
            } catch (IllegalArgumentException e) {
                String what = String.valueOf(e.getMessage());
                nodes.problem(lineOf(what, entries, port.line()), "port " + port.key() + ": " + what);
            }
        }
        return ports;
    }

    private Set<String> switches() {
        Set<String> names = new HashSet<>(Set.of(PortPolicy.DEFAULT_SWITCH));
        YamlNodes.Entry entry = top.get("switches");
        if (entry != null) {
            for (Node item : nodes.list(entry.value(), "switches")) {
                String name = nodes.text(item, "switches");
                if (name != null) {
                    names.add(name);
                }
            }
        }
        return names;
    }

    /** Messages about one option begin with its name. */
    private static int lineOf(String what, Map<String, YamlNodes.Entry> entries, int otherwise) {
        Matcher option = OPTION.matcher(what);
        YamlNodes.Entry entry = option.matches() ? entries.get(option.group(1)) : null;
        return entry == null ? otherwise : entry.line();
    }

    private List<LinkOptions> links() {
        List<LinkOptions> links = new ArrayList<>();
        YamlNodes.Entry entry = top.get("links");
        for (Node item : entry == null ? List.<Node>of() : nodes.list(entry.value(), "links")) {
            String text = nodes.text(item, "links");
            try {
                if (text != null) {
                    LinkOptions link = LinkSpec.parse(text);
                    linkLines.put(link.toString(), YamlNodes.line(item));
                    links.add(link);
                }
            } catch (IllegalArgumentException e) {
                nodes.problem(YamlNodes.line(item), String.valueOf(e.getMessage()));
            }
        }
        return links;
    }

    private List<IvshmemOptions> channels() {
        List<IvshmemOptions> channels = new ArrayList<>();
        for (YamlNodes.Entry channel : section("channels").values()) {
            Map<String, YamlNodes.Entry> entries = nodes.mapping(channel.value(), "channel " + channel.key());
            Map<String, String> options = options(entries);
            String kind = options.remove("kind");
            String target = options.remove("target");
            try {
                channels.add(
                        ChannelSpec.of(channel.key(), kind == null ? "" : kind, target == null ? "" : target, options));
            } catch (IllegalArgumentException e) {
                String what = String.valueOf(e.getMessage());
                nodes.problem(lineOf(what, entries, channel.line()), "channel " + channel.key() + ": " + what);
            }
        }
        return channels;
    }

    private @Nullable ApiOptions api() {
        YamlNodes.Entry entry = top.get("api");
        if (entry == null) {
            return null;
        }
        Map<String, YamlNodes.Entry> entries = section("api");
        Map<String, String> options = options(entries);
        String socket = options.remove("socket");
        try {
            return ApiSpec.of(socket == null ? "" : socket, options);
        } catch (IllegalArgumentException e) {
            String what = String.valueOf(e.getMessage());
            nodes.problem(lineOf(what, entries, entry.line()), "api: " + what);
            return null;
        }
    }

    /** What is right by itself and wrong together. If something is wrong by itself, that is enough. */
    private void checkTogether(RunSettings settings) {
        if (!nodes.problems().isEmpty()) {
            return;
        }
        try {
            settings.backendOptions(true);
        } catch (IllegalArgumentException e) {
            String what = String.valueOf(e.getMessage());
            nodes.problem(lineOfWhole(what, settings), what);
        }
    }

    private int lineOfWhole(String what, RunSettings settings) {
        for (Map.Entry<String, Integer> link : linkLines.entrySet()) {
            if (what.contains("link " + link.getKey())) {
                return link.getValue();
            }
        }
        Matcher port = PORT.matcher(what);
        Integer line = port.find() ? portLines.get(port.group(1)) : null;
        if (line != null) {
            return line;
        }
        for (PortOptions one : settings.ports().reversed()) {
            if ((!one.claim().isEmpty() && what.startsWith(one.claim())) || what.startsWith("'" + one.name() + "'")) {
                return portLines.getOrDefault(one.name(), 1);
            }
        }
        for (LinkOptions link : settings.links().reversed()) {
            if (what.startsWith("link end " + link.one() + " ") || what.startsWith("link end " + link.other() + " ")) {
                return linkLines.getOrDefault(link.toString(), 1);
            }
        }
        YamlNodes.Entry entry = top.get(what.split("[ :]", 2)[0]);
        return entry == null ? 1 : entry.line();
    }
}
