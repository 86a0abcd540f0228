package io.annulet.backend.api;

import com.fasterxml.jackson.databind.JsonNode;
import io.annulet.backend.Backend;
import io.annulet.backend.OpenPort;
import io.annulet.backend.PortMove;
import io.annulet.backend.config.PolicySpec;
import io.annulet.backend.policy.MacText;
import io.netty.handler.codec.http.HttpMethod;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** What goes along when a port's guest goes to another host; stateless. */
public final class PortMoveRoutes {

    /** Of the form that is written here. */
    private static final int VERSION = 1;

    private static final int MOST_ENTRIES = 65_536;
    private static final long MOST_AGE_NANOS = TimeUnit.DAYS.toNanos(1);

    private final Backend backend;

    public PortMoveRoutes(Backend backend) {
        this.backend = backend;
    }

    public List<Route> routes() {
        return List.of(
                new Route(HttpMethod.GET, "/v1/ports/{port}/state", Right.CHANGE, this::save),
                Route.put("/v1/ports/{port}/state", this::load));
    }

    private PortMove moves() {
        PortMove moves = backend.moves();
        if (moves == null) {
            throw ApiException.conflict("the back-end does not run");
        }
        return moves;
    }

    private ApiResponse save(ApiRequest request) {
        OpenPort port = PortRoutes.find(backend, request.parameter("port"));
        PortMove.State state = moves().save(port);
        Map<String, Object> view = new LinkedHashMap<>();
        view.put("version", VERSION);
        view.put("policy", PolicySpec.options(port.options().policy()));
        view.put(
                "addresses",
                state.addresses().stream().map(PortMoveRoutes::view).toList());
        view.put("usedUpNanos", state.usedUpNanos());
        view.put("inUse", state.inUse().stream().map(PortMoveRoutes::view).toList());
        view.put("counters", state.counters());
        return ApiResponse.json(view);
    }

    private static Map<String, Object> view(PortMove.Address address) {
        Map<String, Object> view = new LinkedHashMap<>();
        view.put("mac", MacText.of(address.mac()));
        view.put("vlan", address.vlan());
        view.put("ageNanos", address.ageNanos());
        return view;
    }

    private ApiResponse load(ApiRequest request) {
        OpenPort port = PortRoutes.find(backend, request.parameter("port"));
        JsonNode state = request.json();
        if (state.path("version").asInt() != VERSION) {
            throw ApiException.badRequest("version: this back-end reads " + VERSION);
        }
        List<Long> usedUp = new ArrayList<>();
        list(state, "usedUpNanos").forEach(item -> usedUp.add(whole("usedUpNanos", item, Long.MIN_VALUE)));
        Map<String, Long> counters = new LinkedHashMap<>();
        state.path("counters")
                .properties()
                .forEach(of -> counters.put(of.getKey(), whole("counters." + of.getKey(), of.getValue(), 0)));
        PortMove.State read =
                new PortMove.State(addresses(state, "addresses"), usedUp, addresses(state, "inUse"), counters);
        JsonNode policy = state.path("policy");
        if (policy.isObject()) {
            ChangeRoutes.changePolicy(backend, port.name(), policy);
        }
        moves().load(PortRoutes.find(backend, port.name()), read);
        Map<String, Object> view = new LinkedHashMap<>();
        view.put("addresses", read.addresses().size());
        view.put("counters", counters.size());
        return ApiResponse.json(view);
    }

    private static JsonNode list(JsonNode state, String name) {
        JsonNode list = state.path(name);
        if (!list.isMissingNode() && (!list.isArray() || list.size() > MOST_ENTRIES)) {
            throw ApiException.badRequest(name + ": a list of at most " + MOST_ENTRIES);
        }
        return list;
    }

    private static List<PortMove.Address> addresses(JsonNode state, String name) {
        List<PortMove.Address> addresses = new ArrayList<>();
        for (JsonNode item : list(state, name)) {
            long vlan = whole(name + ".vlan", item.path("vlan"), 0);
            Long mac = MacText.read(item.path("mac").asText());
            if (mac == null || (mac & 1) != 0 || vlan > 4094) {
                throw ApiException.badRequest(name + ": an address of a host in a VLAN of 0 to 4094: " + item);
            }
            long age = Math.min(MOST_AGE_NANOS, whole(name + ".ageNanos", item.path("ageNanos"), 0));
            addresses.add(new PortMove.Address(mac, (int) vlan, age));
        }
        return addresses;
    }

    private static long whole(String name, @Nullable JsonNode value, long least) {
        if (value == null || !value.isIntegralNumber() || !value.canConvertToLong() || value.asLong() < least) {
            throw ApiException.badRequest(name + ": a whole number" + (least == 0 ? " of 0 or more" : ""));
        }
        return value.asLong();
    }
}
