package io.annulet.backend.api;

import io.annulet.backend.Backend;
import io.annulet.backend.Domain;
import io.annulet.backend.OpenPort;
import io.annulet.backend.data.SwitchTable;
import io.annulet.backend.policy.MacText;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** What is known of links and switches; stateless. */
public final class DomainRoutes {

    private final Backend backend;

    public DomainRoutes(Backend backend) {
        this.backend = backend;
    }

    public List<Route> routes() {
        return List.of(
                Route.get("/v1/links", request -> links()),
                Route.get("/v1/switches", request -> switches()),
                Route.get("/v1/switches/{switch}", request -> table(request.parameter("switch"))));
    }

    private ApiResponse links() {
        List<Object> links = new ArrayList<>();
        for (Domain domain : backend.domains()) {
            if (domain.key() instanceof Domain.OfLink(var link)) {
                Map<String, Object> view = new LinkedHashMap<>();
                view.put("name", link.toString());
                view.put("ports", List.of(link.one(), link.other()));
                view.put("workers", domain.workerNumbers());
                links.add(view);
            }
        }
        return ApiResponse.json(Map.of("links", links));
    }

    private ApiResponse switches() {
        List<Object> switches = new ArrayList<>();
        for (Domain domain : backend.domains()) {
            if (domain.key() instanceof Domain.OfSwitch(String name)) {
                switches.add(view(name, domain));
            }
        }
        return ApiResponse.json(Map.of("switches", switches));
    }

    private Map<String, Object> view(String name, Domain domain) {
        Map<String, Object> view = new LinkedHashMap<>();
        view.put("name", name);
        view.put(
                "ports",
                backend.ports().stream()
                        .filter(port -> port.domain() == domain)
                        .map(OpenPort::name)
                        .toList());
        view.put("workers", domain.workerNumbers());
        return view;
    }

    private ApiResponse table(String name) {
        Domain domain = find(name);
        SwitchTable table = domain == null ? null : domain.table();
        if (domain == null || table == null) {
            throw ApiException.notFound("there is no switch of this name; there are "
                    + backend.domains().stream()
                            .filter(other -> other.key() instanceof Domain.OfSwitch)
                            .map(other -> other.key().toString().substring("switch ".length()))
                            .collect(Collectors.joining(", ")));
        }
        Map<String, Object> view = view(name, domain);
        view.put(
                "addresses",
                table.entries(System.nanoTime()).stream()
                        .sorted(Comparator.comparing(SwitchTable.Entry::port).thenComparingLong(SwitchTable.Entry::mac))
                        .map(DomainRoutes::entry)
                        .toList());
        return ApiResponse.json(view);
    }

    private @Nullable Domain find(String name) {
        return backend.domains().stream()
                .filter(domain -> domain.key().equals(new Domain.OfSwitch(name)))
                .findFirst()
                .orElse(null);
    }

    private static Map<String, Object> entry(SwitchTable.Entry entry) {
        Map<String, Object> view = new LinkedHashMap<>();
        view.put("mac", MacText.of(entry.mac()));
        view.put("vlan", entry.vlan());
        view.put("port", entry.port());
        view.put("ageSeconds", TimeUnit.NANOSECONDS.toSeconds(entry.ageNanos()));
        return view;
    }
}
