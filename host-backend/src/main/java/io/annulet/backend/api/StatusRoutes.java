package io.annulet.backend.api;

import io.annulet.backend.Backend;
import io.annulet.backend.BackendOptions;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** What is known of the back-end as a whole; immutable. */
public final class StatusRoutes {

    private final Backend backend;
    private final String version;
    private final Instant began = Instant.now();

    /** @param version of the program, for people */
    public StatusRoutes(Backend backend, String version) {
        this.backend = backend;
        this.version = version;
    }

    public List<Route> routes() {
        return List.of(Route.get("/v1/status", request -> status()));
    }

    private ApiResponse status() {
        BackendOptions options = backend.options();
        Map<String, Object> view = new LinkedHashMap<>();
        view.put("version", version);
        view.put("process", ProcessHandle.current().pid());
        view.put("began", began.toString());
        view.put("workers", backend.workerNames());
        view.put("cpus", options.workerCpus());
        view.put("poll", options.poll().name().toLowerCase(Locale.ROOT));
        view.put("ports", backend.ports().size());
        view.put(
                "attached",
                backend.ports().stream()
                        .filter(port -> port.session() != null && port.session().attached())
                        .count());
        return ApiResponse.json(view);
    }
}
