package io.annulet.backend.api;

import io.annulet.backend.Backend;
import io.annulet.backend.OpenPort;
import io.annulet.backend.PortOptions;
import io.annulet.backend.config.PolicySpec;
import io.annulet.backend.config.PortSpec;
import io.annulet.backend.control.GuestEndpoint;
import io.annulet.backend.control.SessionStatus;
import io.annulet.backend.data.RingStanding;
import io.annulet.backend.policy.MacText;
import io.annulet.backend.port.NicStatus;
import io.annulet.vfio.Interrupts;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/** What is known of ports, their sessions and their rings; stateless. */
public final class PortRoutes {

    private final Backend backend;

    public PortRoutes(Backend backend) {
        this.backend = backend;
    }

    public List<Route> routes() {
        return List.of(
                Route.get("/v1/ports", request -> list()),
                Route.get("/v1/ports/{port}", request -> ApiResponse.json(port(find(request)))),
                Route.get("/v1/ports/{port}/policy", request -> policy(find(request))),
                Route.get("/v1/ports/{port}/session", request -> session(find(request))),
                Route.get("/v1/ports/{port}/features", request -> features(find(request))));
    }

    private ApiResponse list() {
        return ApiResponse.json(
                Map.of("ports", backend.ports().stream().map(PortRoutes::port).toList()));
    }

    private OpenPort find(ApiRequest request) {
        return find(backend, request.parameter("port"));
    }

    static OpenPort find(Backend backend, String name) {
        List<OpenPort> ports = backend.ports();
        return ports.stream()
                .filter(port -> port.name().equals(name))
                .findFirst()
                .orElseThrow(() -> ApiException.notFound("there is no port of this name; there are "
                        + ports.stream().map(OpenPort::name).collect(Collectors.joining(", "))));
    }

    static Map<String, Object> port(OpenPort port) {
        Map<String, Object> view = new LinkedHashMap<>();
        view.put("name", port.name());
        view.put("config", config(port.options()));
        view.put("domain", port.domain().key().toString());
        view.put("workers", port.domain().workerNumbers());
        view.put("interface", port.interfaceName());
        NicStatus nic = port.nic();
        view.put("nic", nic == null ? null : nic(nic));
        SessionStatus status = port.session();
        view.put("attached", status == null ? null : status.attached());
        return view;
    }

    private static Map<String, Object> nic(NicStatus nic) {
        Map<String, Object> view = new LinkedHashMap<>();
        view.put("driver", nic.limits().driver());
        view.put("mac", MacText.of(nic.macAddress()));
        view.put("maxMtu", nic.limits().maxMtu());
        view.put("interrupts", nic.interrupts() == Interrupts.LINE ? "line" : "messages");
        view.put("running", nic.running());
        view.put("linkUp", nic.linkUp());
        view.put("promiscuous", nic.filter().everything());
        view.put("addresses", nic.filter().addresses().stream().map(MacText::of).toList());
        view.put("allGroups", nic.filter().allGroups());
        view.put("groups", nic.filter().groups().stream().map(MacText::of).toList());
        view.put("filterIsSet", nic.filterIsSet());
        return view;
    }

    /** A port as a configuration file has it. */
    static Map<String, Object> config(PortOptions port) {
        PortSpec spec = PortSpec.of(port);
        Map<String, Object> config = new LinkedHashMap<>();
        config.put("kind", spec.kind());
        if (!spec.target().isEmpty()) {
            config.put("target", spec.target());
        }
        config.putAll(spec.options());
        return config;
    }

    private static ApiResponse policy(OpenPort port) {
        return ApiResponse.json(PolicySpec.options(port.options().policy()));
    }

    static GuestEndpoint guest(OpenPort port) {
        GuestEndpoint endpoint = port.endpoint();
        if (endpoint == null) {
            throw ApiException.conflict(
                    "port " + port.name() + " is not a guest's, so it has no session, features or rings");
        }
        return endpoint;
    }

    private static ApiResponse session(OpenPort port) throws InterruptedException {
        SessionStatus status = guest(port).status();
        List<RingStanding> rings = RingRoutes.within(guest(port).rings());
        Map<String, Object> view = new LinkedHashMap<>();
        view.put("attached", status.attached());
        view.put("process", status.peerProcessId());
        view.put("deviceStatus", status.deviceStatus());
        view.put("mtu", status.mtu());
        view.put("sealed", status.isSealed());
        List<Object> regions = new ArrayList<>();
        for (SessionStatus.SharedRegion region : status.regions()) {
            Map<String, Object> one = new LinkedHashMap<>();
            one.put("guestAddress", hex(region.guestAddress()));
            one.put("userAddress", hex(region.userAddress()));
            one.put("bytes", region.byteLength());
            one.put("sealed", region.sealed());
            regions.add(one);
        }
        view.put("regions", regions);
        view.put("advice", rings == null ? List.of() : Advice.of(status, rings));
        return ApiResponse.json(view);
    }

    private static String hex(long address) {
        return String.format("0x%x", address);
    }

    private static ApiResponse features(OpenPort port) {
        GuestEndpoint endpoint = guest(port);
        if (!(port.options() instanceof PortOptions.Guest guest)) {
            throw new IllegalStateException("no guest's: " + port.options());
        }
        return ApiResponse.json(FeatureReport.of(guest, endpoint.status()));
    }
}
