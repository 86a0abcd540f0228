package io.annulet.cli.top;

import com.fasterxml.jackson.databind.JsonNode;
import io.annulet.cli.ctl.ApiClient;
import io.netty.handler.codec.http.HttpMethod;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What a back-end was at one moment; immutable.
 *
 * @param attached how many ports have a front-end, of so many that wait for one
 */
record TopSample(
        String version,
        long process,
        Instant began,
        Instant taken,
        int workers,
        int attached,
        int guests,
        List<Port> ports) {

    /**
     * A port.
     *
     * @param attached whether a front-end is there; null unless it is a guest's port
     */
    record Port(String name, String kind, @Nullable Boolean attached, Map<String, Long> counters, List<Ring> rings) {

        long counter(String counter) {
            return counters.getOrDefault(counter, 0L);
        }

        /** The sum of the counters whose names begin so. */
        long sum(String beginning) {
            return counters.entrySet().stream()
                    .filter(counter -> counter.getKey().startsWith(beginning))
                    .mapToLong(Map.Entry::getValue)
                    .sum();
        }

        /** Of all rings of a kind together, from 0 to 1: how much of them is available; negative if there are none. */
        double occupancy(String queue) {
            long size = 0;
            long available = 0;
            for (Ring ring : rings) {
                if (ring.queue().equals(queue) && ring.available() >= 0) {
                    size += ring.size();
                    available += ring.available();
                }
            }
            return size == 0 ? -1 : (double) available / size;
        }
    }

    /**
     * A ring.
     *
     * @param available negative if it is not open
     */
    record Ring(
            int index, String queue, String state, int size, long available, long borrowed, long frames, long drops) {}

    /** Asks for it all. */
    static TopSample ask(ApiClient client) throws IOException {
        JsonNode status = get(client, "/v1/status");
        JsonNode counters = get(client, "/v1/counters");
        JsonNode rings = get(client, "/v1/rings").path("ports");
        List<Port> ports = new ArrayList<>();
        int guests = 0;
        for (JsonNode port : get(client, "/v1/ports").path("ports")) {
            String name = port.path("name").asText();
            JsonNode attached = port.path("attached");
            guests += attached.isBoolean() ? 1 : 0;
            ports.add(new Port(
                    name,
                    port.path("config").path("kind").asText(),
                    attached.isBoolean() ? (Boolean) attached.booleanValue() : null,
                    counters(counters.path("ports").path(name)),
                    rings(rings.path(name))));
        }
        return new TopSample(
                status.path("version").asText(),
                status.path("process").asLong(),
                Instant.parse(status.path("began").asText()),
                Instant.parse(counters.path("taken").asText()),
                status.path("workers").size(),
                status.path("attached").asInt(),
                guests,
                ports);
    }

    private static JsonNode get(ApiClient client, String path) throws IOException {
        return client.json(HttpMethod.GET, path, null);
    }

    private static Map<String, Long> counters(JsonNode values) {
        Map<String, Long> counters = new LinkedHashMap<>();
        values.properties()
                .forEach(one -> counters.put(one.getKey(), one.getValue().asLong()));
        return counters;
    }

    private static List<Ring> rings(JsonNode list) {
        List<Ring> rings = new ArrayList<>();
        for (JsonNode ring : list) {
            rings.add(new Ring(
                    ring.path("index").asInt(),
                    ring.path("queue").asText(),
                    ring.path("fault").isTextual()
                            ? "broken: " + ring.path("fault").asText()
                            : ring.path("state").asText(),
                    ring.path("size").asInt(),
                    ring.path("available").asLong(-1),
                    ring.path("borrowed").asLong(),
                    ring.path("frames").asLong(),
                    ring.path("drops").asLong()));
        }
        return rings;
    }

    /** Of the port of this name; null if there is none. */
    @Nullable
    Port port(String name) {
        return ports.stream()
                .filter(port -> port.name().equals(name))
                .findFirst()
                .orElse(null);
    }

    double secondsSince(TopSample earlier) {
        return Math.max(1e-3, Duration.between(earlier.taken, taken).toNanos() / 1e9);
    }
}
