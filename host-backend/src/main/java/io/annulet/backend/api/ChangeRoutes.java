package io.annulet.backend.api;

import com.fasterxml.jackson.databind.JsonNode;
import io.annulet.backend.Backend;
import io.annulet.backend.BackendOptions;
import io.annulet.backend.Difference;
import io.annulet.backend.LinkOptions;
import io.annulet.backend.PortOptions;
import io.annulet.backend.config.LinkSpec;
import io.annulet.backend.config.PolicySpec;
import io.annulet.backend.config.PortSpec;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.StringJoiner;
import java.util.TreeSet;
import java.util.function.Function;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** What is changed while the back-end runs: ports, policies, links, and all of it by the configuration file; stateless. */
public final class ChangeRoutes {

    private final Backend backend;
    private final @Nullable Supplier<Difference> reload;

    /** @param reload goes over to what the configuration file says now; null if there is none */
    public ChangeRoutes(Backend backend, @Nullable Supplier<Difference> reload) {
        this.backend = backend;
        this.reload = reload;
    }

    public List<Route> routes() {
        return List.of(
                Route.put("/v1/ports/{port}", this::putPort),
                Route.delete("/v1/ports/{port}", this::deletePort),
                Route.put("/v1/ports/{port}/policy", this::putPolicy),
                Route.put("/v1/links/{link}", this::putLink),
                Route.delete("/v1/links/{link}", this::deleteLink),
                Route.get("/v1/config", request -> config()),
                Route.post("/v1/reload", request -> reload()));
    }

    private ApiResponse putPort(ApiRequest request) {
        String name = request.parameter("port");
        Map<String, String> options = options(request.json());
        String kind = options.remove("kind");
        String target = options.remove("target");
        if (kind == null) {
            throw ApiException.badRequest("a port needs a kind: vhost-user, tap, af_xdp, vfio, pcap or loopback");
        }
        PortOptions port = new PortSpec(name, kind, target == null ? "" : target, options).toPort();
        return change(running -> {
            List<PortOptions> ports = new ArrayList<>(running.ports());
            int place = place(ports, name);
            if (place < 0) {
                ports.add(port);
            } else {
                ports.set(place, port);
            }
            return running.with(ports, running.links());
        });
    }

    private ApiResponse deletePort(ApiRequest request) {
        String name = request.parameter("port");
        PortRoutes.find(backend, name);
        return change(running -> {
            running.links().stream()
                    .filter(link -> link.joins(name))
                    .findFirst()
                    .ifPresent(link -> {
                        throw ApiException.conflict(
                                "port " + name + " is an end of link " + link + ": delete the link first");
                    });
            return running.with(
                    running.ports().stream()
                            .filter(port -> !port.name().equals(name))
                            .toList(),
                    running.links());
        });
    }

    private ApiResponse putPolicy(ApiRequest request) {
        String name = request.parameter("port");
        PortRoutes.find(backend, name);
        return view(changePolicy(backend, name, request.json()));
    }

    /** Goes over to another policy of a port, {@code written} as a configuration file has it. */
    static Difference changePolicy(Backend backend, String name, JsonNode written) {
        Map<String, String> options = options(written);
        return backend.change(running -> {
            List<PortOptions> ports = new ArrayList<>(running.ports());
            int place = place(ports, name);
            if (place < 0) {
                throw ApiException.conflict("port " + name + " has just gone");
            }
            ports.set(place, ports.get(place).withPolicy(PolicySpec.of(options)));
            return running.with(ports, running.links());
        });
    }

    private ApiResponse putLink(ApiRequest request) {
        LinkOptions link = LinkSpec.parse(request.parameter("link"));
        return change(running -> {
            List<LinkOptions> links = others(running, link);
            links.add(link);
            return running.with(running.ports(), links);
        });
    }

    private ApiResponse deleteLink(ApiRequest request) {
        LinkOptions link = LinkSpec.parse(request.parameter("link"));
        return change(running -> {
            List<LinkOptions> links = others(running, link);
            if (links.size() == running.links().size()) {
                throw ApiException.notFound("there is no link " + link);
            }
            return running.with(running.ports(), links);
        });
    }

    private static List<LinkOptions> others(BackendOptions running, LinkOptions link) {
        List<LinkOptions> links = new ArrayList<>(running.links());
        links.removeIf(other -> other.joins(link.one()) && other.joins(link.other()));
        return links;
    }

    private ApiResponse reload() {
        if (reload == null) {
            throw ApiException.conflict(
                    "the back-end was started without a configuration file: start it with --config");
        }
        return view(reload.get());
    }

    private ApiResponse config() {
        BackendOptions running = backend.options();
        Map<String, Object> ports = new LinkedHashMap<>();
        running.ports().forEach(port -> ports.put(port.name(), PortRoutes.config(port)));
        TreeSet<String> switches = new TreeSet<>();
        running.ports().forEach(port -> switches.add(port.policy().switchName()));
        Map<String, Object> view = new LinkedHashMap<>();
        view.put("switches", List.copyOf(switches));
        view.put("ports", ports);
        view.put("links", running.links().stream().map(LinkOptions::toString).toList());
        return ApiResponse.json(view);
    }

    private ApiResponse change(Function<BackendOptions, BackendOptions> step) {
        return view(backend.change(step::apply));
    }

    private static ApiResponse view(Difference difference) {
        Map<String, Object> view = new LinkedHashMap<>();
        view.put("added", difference.added());
        view.put("removed", difference.removed());
        view.put("reopened", difference.reopened());
        view.put("policies", difference.policies());
        return ApiResponse.json(view);
    }

    private static int place(List<PortOptions> ports, String name) {
        for (int i = 0; i < ports.size(); i++) {
            if (ports.get(i).name().equals(name)) {
                return i;
            }
        }
        return -1;
    }

    /** Values as text, as the configuration file has them: true and false mean on and off, of lists + is between words. */
    private static Map<String, String> options(JsonNode object) {
        Map<String, String> options = new LinkedHashMap<>();
        object.properties().forEach(entry -> options.put(entry.getKey(), text(entry.getKey(), entry.getValue())));
        return options;
    }

    private static String text(String name, JsonNode value) {
        if (value.isBoolean()) {
            return value.booleanValue() ? "on" : "off";
        }
        if (value.isArray()) {
            StringJoiner words = new StringJoiner("+");
            value.forEach(item -> words.add(scalar(name, item)));
            return words.toString();
        }
        return scalar(name, value);
    }

    private static String scalar(String name, JsonNode value) {
        if (!value.isTextual() && !value.isIntegralNumber()) {
            throw ApiException.badRequest(name + ": write a word, a whole number, true or false, or a list of words");
        }
        return value.asText();
    }
}
