package io.annulet.cli.ctl;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.annulet.backend.config.PortSpec;
import io.netty.handler.codec.http.HttpMethod;
import java.io.IOException;
import java.io.PrintWriter;
import java.net.URLEncoder;
import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.snakeyaml.engine.v2.api.Dump;
import org.snakeyaml.engine.v2.api.DumpSettings;
import org.snakeyaml.engine.v2.common.FlowStyle;
import picocli.AutoComplete;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code annulet ctl}: asks a running back-end, and changes it, through its API. */
@Command(
        name = "ctl",
        description = "Asks a running back-end, and changes it, through its API.",
        mixinStandardHelpOptions = true,
        synopsisSubcommandLabel = "COMMAND",
        subcommands = {PageCommand.class, CaptureCommand.class, SaveCaptureCommand.class},
        footer = {
            "",
            "The back-end is one that was started with --api SOCKET. Output is a table, or with --json what the API says.",
            "",
            "  annulet ctl ports",
            "  annulet ctl rings a",
            "  annulet ctl add c=vhost-user:/run/annulet/c.sock,vlan=10",
            "  annulet ctl set-policy c vlan=20 rate-in=100M",
            "  annulet ctl --json switch default",
            "  source <(annulet ctl completion)"
        })
public final class CtlCommand implements Runnable {

    private static final Duration LIMIT = Duration.ofSeconds(60);

    @Option(
            names = "--socket",
            paramLabel = "PATH",
            defaultValue = "${env:ANNULET_API:-" + ApiClient.USUAL_SOCKET + "}",
            scope = CommandLine.ScopeType.INHERIT,
            description = "The API's socket (default: $ANNULET_API, or " + ApiClient.USUAL_SOCKET + ").")
    private Path socket = Path.of(ApiClient.USUAL_SOCKET);

    @Option(names = "--json", scope = CommandLine.ScopeType.INHERIT, description = "Print the API's JSON.")
    private boolean json;

    @Spec
    private CommandSpec spec;

    /** Without a command: what there is to choose from. */
    @Override
    public void run() {
        PrintWriter out = spec.commandLine().getOut();
        spec.commandLine().usage(out);
        out.flush();
    }

    /** How an answer becomes text. */
    @FunctionalInterface
    interface View {
        String text(JsonNode answer);
    }

    ApiClient client() {
        return new ApiClient(socket, LIMIT);
    }

    JsonNode ask(HttpMethod method, String path, @Nullable Object body) throws IOException {
        return client().json(method, path, body);
    }

    void show(HttpMethod method, String path, @Nullable Object body, View view) throws IOException {
        JsonNode answer = ask(method, path, body);
        print(json ? answer.toString() : view.text(answer).stripTrailing());
    }

    private void get(String path, View view) throws IOException {
        show(HttpMethod.GET, path, null, view);
    }

    void print(String text) {
        PrintWriter out = spec.commandLine().getOut();
        out.println(text);
        out.flush();
    }

    /** A name as a part of a path. */
    static String part(String name) {
        return URLEncoder.encode(name, UTF_8).replace("+", "%20");
    }

    @Command(name = "status", description = "The back-end as a whole.", mixinStandardHelpOptions = true)
    void status() throws IOException {
        get("/v1/status", JsonTable::object);
    }

    @Command(name = "ports", description = "All ports.", mixinStandardHelpOptions = true)
    void ports() throws IOException {
        get(
                "/v1/ports",
                answer -> JsonTable.list(
                        answer.path("ports"), "name", "config/kind", "config/target", "domain", "workers", "attached"));
    }

    @Command(name = "port", description = "One port and what it was told.", mixinStandardHelpOptions = true)
    void port(@Parameters(paramLabel = "PORT") String port) throws IOException {
        get("/v1/ports/" + part(port), JsonTable::object);
    }

    @Command(name = "session", description = "The front-end of a guest's port.", mixinStandardHelpOptions = true)
    void session(@Parameters(paramLabel = "PORT") String port) throws IOException {
        get("/v1/ports/" + part(port) + "/session", JsonTable::object);
    }

    @Command(
            name = "features",
            description = "What a guest's port offers, what was acknowledged, and why a feature is off.",
            mixinStandardHelpOptions = true)
    void features(@Parameters(paramLabel = "PORT") String port) throws IOException {
        String[] columns = {"name", "bit", "offered", "acknowledged", "why"};
        get(
                "/v1/ports/" + part(port) + "/features",
                answer -> JsonTable.list(answer.path("features"), columns) + "\nprotocol\n"
                        + JsonTable.list(answer.path("protocolFeatures"), columns));
    }

    @Command(
            name = "rings",
            description = "State, positions and occupancy of the rings of a guest's port.",
            mixinStandardHelpOptions = true)
    void rings(@Parameters(paramLabel = "PORT") String port) throws IOException {
        get(
                "/v1/ports/" + part(port) + "/rings",
                answer -> JsonTable.list(
                        answer.path("rings"),
                        "index",
                        "queue",
                        "state",
                        "fault",
                        "layout",
                        "size",
                        "availPosition",
                        "usedPosition",
                        "available",
                        "borrowed",
                        "frames",
                        "drops",
                        "kicks",
                        "calls"));
    }

    @Command(name = "counters", description = "The counters of one port.", mixinStandardHelpOptions = true)
    void counters(@Parameters(paramLabel = "PORT") String port) throws IOException {
        get("/v1/ports/" + part(port) + "/counters", JsonTable::object);
    }

    @Command(name = "policy", description = "What a port may do on its switch.", mixinStandardHelpOptions = true)
    void policy(@Parameters(paramLabel = "PORT") String port) throws IOException {
        get("/v1/ports/" + part(port) + "/policy", JsonTable::object);
    }

    @Command(
            name = "add",
            description = "Adds a port, or changes it: what is more than its policy opens it anew.",
            mixinStandardHelpOptions = true)
    void add(
            @Parameters(
                            paramLabel = "NAME=KIND:TARGET[,option=value]...",
                            description = "As annulet run --port takes it; see there.")
                    String port)
            throws IOException {
        PortSpec spec = PortSpec.of(parsed(() -> PortSpec.parse(port)));
        Map<String, String> body = new LinkedHashMap<>(spec.options());
        body.put("kind", spec.kind());
        body.put("target", spec.target());
        show(HttpMethod.PUT, "/v1/ports/" + part(spec.name()), body, JsonTable::object);
    }

    @Command(name = "remove", description = "Removes a port.", mixinStandardHelpOptions = true)
    void remove(@Parameters(paramLabel = "PORT") String port) throws IOException {
        show(HttpMethod.DELETE, "/v1/ports/" + part(port), null, JsonTable::object);
    }

    @Command(
            name = "set-policy",
            description = "Says anew what a port may do on its switch; its session goes on.",
            mixinStandardHelpOptions = true)
    void setPolicy(
            @Parameters(paramLabel = "PORT") String port,
            @Parameters(
                            paramLabel = "option=value",
                            arity = "0..*",
                            description = "All of its policy, such as vlan=10 rate-in=100M; none for everything.")
                    Map<String, String> options)
            throws IOException {
        Map<String, String> body = options == null ? Map.of() : options;
        show(HttpMethod.PUT, "/v1/ports/" + part(port) + "/policy", body, JsonTable::object);
    }

    @Command(
            name = "link",
            description = "Joins two ports by a straight link; both are opened anew.",
            mixinStandardHelpOptions = true)
    void link(@Parameters(paramLabel = "A=B") String link) throws IOException {
        show(HttpMethod.PUT, "/v1/links/" + part(link), null, JsonTable::object);
    }

    @Command(
            name = "unlink",
            description = "Puts the ends of a link at the default switch; both are opened anew.",
            mixinStandardHelpOptions = true)
    void unlink(@Parameters(paramLabel = "A=B") String link) throws IOException {
        show(HttpMethod.DELETE, "/v1/links/" + part(link), null, JsonTable::object);
    }

    @Command(
            name = "save-port",
            description = "What goes along when a port's guest goes to another host, as JSON for load-port.",
            mixinStandardHelpOptions = true)
    void savePort(@Parameters(paramLabel = "PORT") String port) throws IOException {
        get("/v1/ports/" + part(port) + "/state", JsonNode::toString);
    }

    @Command(
            name = "load-port",
            description = "Has a port go on as another back-end's stood: what save-port printed, from standard input.",
            mixinStandardHelpOptions = true)
    void loadPort(@Parameters(paramLabel = "PORT") String port) throws IOException {
        JsonNode state = new JsonMapper().readTree(System.in);
        show(HttpMethod.PUT, "/v1/ports/" + part(port) + "/state", state, JsonTable::object);
    }

    @Command(
            name = "reload",
            description = "Has the back-end go over to what its configuration file says now, all of it or nothing.",
            mixinStandardHelpOptions = true)
    void reload() throws IOException {
        show(HttpMethod.POST, "/v1/reload", null, JsonTable::object);
    }

    @Command(
            name = "config",
            description = "Switches, ports and links as they are now, as a configuration file has them.",
            mixinStandardHelpOptions = true)
    void config() throws IOException {
        show(HttpMethod.GET, "/v1/config", null, CtlCommand::yaml);
    }

    private static String yaml(JsonNode answer) {
        DumpSettings settings =
                DumpSettings.builder().setDefaultFlowStyle(FlowStyle.BLOCK).build();
        return new Dump(settings).dumpToString(new JsonMapper().convertValue(answer, Object.class));
    }

    /** What the user wrote; a mistake in it is the user's. */
    <T> T parsed(Supplier<T> reader) {
        try {
            return reader.get();
        } catch (IllegalArgumentException e) {
            throw new ParameterException(spec.commandLine(), String.valueOf(e.getMessage()), e);
        }
    }

    @Command(name = "links", description = "Straight links.", mixinStandardHelpOptions = true)
    void links() throws IOException {
        get("/v1/links", answer -> JsonTable.list(answer.path("links"), "name", "workers"));
    }

    @Command(name = "switches", description = "Switches and their ports.", mixinStandardHelpOptions = true)
    void switches() throws IOException {
        get("/v1/switches", answer -> JsonTable.list(answer.path("switches"), "name", "ports", "workers"));
    }

    @Command(name = "switch", description = "The table of addresses of a switch.", mixinStandardHelpOptions = true)
    void table(@Parameters(paramLabel = "SWITCH", defaultValue = "default") String name) throws IOException {
        get(
                "/v1/switches/" + part(name),
                answer -> JsonTable.list(answer.path("addresses"), "mac", "vlan", "port", "ageSeconds"));
    }

    @Command(
            name = "metrics",
            description = "All counters as OpenMetrics, as a scraper gets them.",
            mixinStandardHelpOptions = true)
    void metrics() throws IOException {
        byte[] text = client().bytes(HttpMethod.GET, "/metrics", null);
        print(new String(text, UTF_8).stripTrailing());
    }

    @Command(name = "captures", description = "Captures, those that ended lately too.", mixinStandardHelpOptions = true)
    void captures() throws IOException {
        get(
                "/v1/captures",
                answer -> JsonTable.list(
                        answer.path("captures"), "id", "state", "frames", "bytes", "missed", "file", "why"));
    }

    @Command(name = "stop-capture", description = "Ends a capture; its file stays.", mixinStandardHelpOptions = true)
    void stopCapture(@Parameters(paramLabel = "ID", description = "See annulet ctl captures.") int id)
            throws IOException {
        show(HttpMethod.DELETE, "/v1/captures/" + id, null, JsonTable::object);
    }

    @Command(
            name = "explain",
            description = "What the back-end would do now with a frame from a port, and why; nothing is sent.",
            mixinStandardHelpOptions = true)
    void explain(
            @Parameters(paramLabel = "PORT") String port,
            @Parameters(paramLabel = "FRAME", description = "Hexadecimal digits from the Ethernet header on.")
                    String frame)
            throws IOException {
        show(HttpMethod.POST, "/v1/explain", Map.of("from", port, "frame", frame), JsonTable::object);
    }

    @Command(
            name = "flight",
            description = "The flight record of a guest's port as JSON, for annulet sim replay.",
            mixinStandardHelpOptions = true)
    void flight(@Parameters(paramLabel = "PORT") String port) throws IOException {
        get("/v1/ports/" + part(port) + "/flight", JsonNode::toPrettyString);
    }

    @Command(
            name = "completion",
            description = "A script that has bash and zsh complete annulet's commands and options.",
            mixinStandardHelpOptions = true)
    void completion() {
        CommandLine root = spec.root().commandLine();
        print(AutoComplete.bash(root.getCommandName(), root));
    }
}
