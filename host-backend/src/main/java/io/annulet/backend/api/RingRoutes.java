package io.annulet.backend.api;

import io.annulet.backend.Backend;
import io.annulet.backend.OpenPort;
import io.annulet.backend.PortOptions;
import io.annulet.backend.control.GuestEndpoint;
import io.annulet.backend.control.SessionStatus;
import io.annulet.backend.data.RingStanding;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** Where the rings of guests stand, and what their queues have counted, by the word of their workers; stateless. */
public final class RingRoutes {

    private static final long RINGS_SECONDS = 5;

    private final Backend backend;

    public RingRoutes(Backend backend) {
        this.backend = backend;
    }

    public List<Route> routes() {
        return List.of(
                Route.get("/v1/rings", request -> all()),
                Route.get(
                        "/v1/ports/{port}/rings", request -> one(PortRoutes.find(backend, request.parameter("port")))));
    }

    private ApiResponse one(OpenPort port) throws InterruptedException {
        GuestEndpoint endpoint = PortRoutes.guest(port);
        List<RingStanding> standings = within(endpoint.rings());
        if (standings == null) {
            throw ApiException.conflict("the port's worker did not answer in " + RINGS_SECONDS + " s; see its log");
        }
        return ApiResponse.json(Map.of("rings", rings(port, endpoint.status(), standings)));
    }

    private ApiResponse all() throws InterruptedException {
        Map<String, Object> ports = new LinkedHashMap<>();
        for (Map.Entry<OpenPort, List<RingStanding>> port : standings(backend).entrySet()) {
            SessionStatus status = port.getKey().session();
            if (status != null) {
                ports.put(port.getKey().name(), rings(port.getKey(), status, port.getValue()));
            }
        }
        return ApiResponse.json(Map.of("ports", ports));
    }

    /** Of every guest's port whose workers answer in time. All are asked before one is waited for. */
    static Map<OpenPort, List<RingStanding>> standings(Backend backend) throws InterruptedException {
        Map<OpenPort, CompletableFuture<List<RingStanding>>> asked = new LinkedHashMap<>();
        for (OpenPort port : backend.ports()) {
            GuestEndpoint endpoint = port.endpoint();
            if (endpoint != null) {
                asked.put(port, endpoint.rings());
            }
        }
        Map<OpenPort, List<RingStanding>> standings = new LinkedHashMap<>();
        for (Map.Entry<OpenPort, CompletableFuture<List<RingStanding>>> port : asked.entrySet()) {
            List<RingStanding> answer = within(port.getValue());
            if (answer != null) {
                standings.put(port.getKey(), answer);
            }
        }
        return standings;
    }

    /** Null if the worker does not answer in time. */
    static @Nullable List<RingStanding> within(CompletableFuture<List<RingStanding>> asked)
            throws InterruptedException {
        try {
            return asked.get(RINGS_SECONDS, TimeUnit.SECONDS);
        } catch (TimeoutException e) {
            return null;
        } catch (ExecutionException e) {
            throw new IllegalStateException(e);
        }
    }

    /** What a ring is for, in the driver's words: a control queue comes after all pairs. */
    static String queue(OpenPort port, int index) {
        boolean isOfPair = !(port.options() instanceof PortOptions.Guest guest)
                || index < 2 * guest.options().queuePairs();
        return !isOfPair ? "control" : (index & 1) == 0 ? "receive" : "transmit";
    }

    private static List<Object> rings(OpenPort port, SessionStatus status, List<RingStanding> standings) {
        Map<Integer, RingStanding> byIndex =
                standings.stream().collect(Collectors.toMap(RingStanding::queueIndex, Function.identity()));
        List<Object> rings = new ArrayList<>();
        for (SessionStatus.Ring ring : status.rings()) {
            rings.add(ring(queue(port, ring.index()), ring, byIndex.get(ring.index())));
        }
        return rings;
    }

    /** Null are what only an open ring has. */
    private static Map<String, Object> ring(String queue, SessionStatus.Ring ring, @Nullable RingStanding standing) {
        Map<String, Object> view = new LinkedHashMap<>();
        view.put("index", ring.index());
        view.put("queue", queue);
        view.put("state", ring.state().name().toLowerCase(Locale.ROOT).replace('_', ' '));
        view.put("enabled", ring.enabled());
        view.put("broken", ring.broken());
        view.put(
                "fault",
                standing == null || standing.fault() == null
                        ? null
                        : standing.fault().name());
        view.put("size", ring.size());
        view.put("layout", standing == null ? null : standing.packed() ? "packed" : "split");
        view.put("availPosition", standing == null ? null : standing.availPosition());
        view.put("usedPosition", standing == null ? null : standing.usedPosition());
        view.put("available", standing == null ? null : standing.available());
        view.put("borrowed", standing == null ? null : standing.borrowed());
        view.put("frames", standing == null ? null : standing.frames());
        view.put("bytes", standing == null ? null : standing.bytes());
        view.put("kicks", standing == null ? null : standing.kicks());
        view.put("calls", standing == null ? null : standing.calls());
        view.put("drops", standing == null ? null : standing.drops());
        return view;
    }
}
