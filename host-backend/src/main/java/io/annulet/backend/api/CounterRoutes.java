package io.annulet.backend.api;

import io.annulet.backend.Backend;
import io.annulet.backend.stats.CountersFileReader;
import io.annulet.backend.stats.CountersSnapshot;
import io.annulet.backend.stats.OpenMetrics;
import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Counters, as JSON and for those who scrape them; stateless. */
public final class CounterRoutes {

    private final Backend backend;

    public CounterRoutes(Backend backend) {
        this.backend = backend;
    }

    public List<Route> routes() {
        return List.of(
                Route.get("/v1/counters", request -> all()),
                Route.get("/v1/ports/{port}/counters", this::ofPort),
                Route.get("/metrics", request -> metrics()));
    }

    private CountersSnapshot read() throws IOException {
        Path path = backend.countersPath();
        if (path == null) {
            throw ApiException.conflict("the back-end does not run");
        }
        try (CountersFileReader reader = CountersFileReader.open(path)) {
            return reader.snapshot();
        }
    }

    private ApiResponse metrics() throws IOException, InterruptedException {
        return ApiResponse.text(
                OpenMetrics.CONTENT_TYPE, OpenMetrics.write(read(), RingMetrics.of(RingRoutes.standings(backend))));
    }

    private ApiResponse all() throws IOException {
        CountersSnapshot snapshot = read();
        Map<String, Object> view = new LinkedHashMap<>();
        view.put("taken", snapshot.taken().toString());
        view.put("ports", snapshot.ports());
        view.put("workers", snapshot.workers());
        return ApiResponse.json(view);
    }

    private ApiResponse ofPort(ApiRequest request) throws IOException {
        String name = PortRoutes.find(backend, request.parameter("port")).name();
        return ApiResponse.json(read().ports().getOrDefault(name, Map.of()));
    }
}
