package io.annulet.backend.api;

import com.fasterxml.jackson.databind.JsonNode;
import io.annulet.backend.Backend;
import io.annulet.backend.BackendOptions;
import io.annulet.backend.Explainer;
import io.annulet.backend.Explanation;
import io.annulet.backend.OpenPort;
import io.annulet.backend.capture.CaptureOptions;
import io.annulet.backend.capture.CaptureStatus;
import io.annulet.backend.config.CaptureSpec;
import io.annulet.backend.control.GuestEndpoint;
import io.annulet.backend.data.FrameTrial.Known;
import io.annulet.backend.data.NetHeader;
import io.annulet.backend.data.SwitchTable;
import io.netty.handler.codec.http.HttpMethod;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** Captures, explained frames, and records of ports; stateless. */
public final class SightRoutes {

    private static final long FLIGHT_SECONDS = 5;
    private static final int MOST_FRAME_BYTES = 65_557;
    private static final String PCAPNG = "application/x-pcapng";

    private final Backend backend;

    public SightRoutes(Backend backend) {
        this.backend = backend;
    }

    public List<Route> routes() {
        return List.of(
                Route.get("/v1/captures", request -> captures()),
                Route.post("/v1/captures", this::start),
                Route.delete("/v1/captures/{capture}", this::stop),
                Route.post("/v1/captures/live", this::live),
                // Whoever reads frames reads more than counters, and so has to be one who could capture them.
                new Route(HttpMethod.GET, "/v1/captures/{capture}/file", Right.CHANGE, this::file),
                new Route(HttpMethod.POST, "/v1/explain", Right.READ, this::explain),
                Route.get("/v1/ports/{port}/flight", this::flight));
    }

    private ApiResponse captures() {
        return ApiResponse.json(Map.of(
                "captures",
                backend.captures().list().stream().map(SightRoutes::capture).toList()));
    }

    static Map<String, Object> capture(CaptureStatus status) {
        Map<String, Object> view = new LinkedHashMap<>();
        view.put("id", status.id());
        view.put("capture", status.options().toString());
        view.put("state", status.state().name().toLowerCase(Locale.ROOT).replace('_', '-'));
        view.put("file", status.where());
        view.put("frames", status.frames());
        view.put("bytes", status.bytes());
        view.put("missed", status.missed());
        view.put("why", status.why());
        return view;
    }

    private static String text(JsonNode body, String field, String example) {
        JsonNode value = body.path(field);
        if (!value.isTextual() || value.asText().isEmpty()) {
            throw new IllegalArgumentException("the body needs \"" + field + "\", such as " + example);
        }
        return value.asText();
    }

    private ApiResponse start(ApiRequest request) {
        String spec = text(request.json(), "capture", "\"/tmp/frames.pcapng,port=a,drop=any\"");
        return one(backend.captures().start(CaptureSpec.parse(spec)));
    }

    /** The frames themselves, as they come, for as long as the caller reads them. */
    private ApiResponse live(ApiRequest request) {
        String spec = text(request.json(), "capture", "\"-,port=a,drop=any\"");
        CaptureOptions options = CaptureSpec.parse(spec);
        if (!options.rotation().isNone()) {
            throw new IllegalArgumentException("a live capture has no files: leave rotate-size and rotate-time out");
        }
        return ApiResponse.stream(PCAPNG, out -> {
            int id = backend.captures().start(options, out);
            try {
                out.awaitClosed();
            } finally {
                backend.captures().stop(id);
            }
        });
    }

    private ApiResponse file(ApiRequest request) {
        CaptureStatus status = status(request.parameter("capture"));
        if (status.state() != CaptureStatus.State.ENDED) {
            throw ApiException.conflict("the capture is not finished; stop it first");
        }
        Path file = Path.of(status.where());
        if (!Files.isRegularFile(file)) {
            throw ApiException.notFound("the capture's file " + file + " is not there any more");
        }
        return ApiResponse.file(PCAPNG, file)
                .with(
                        "content-disposition",
                        "attachment; filename=\""
                                + String.valueOf(file.getFileName()).replaceAll("[^A-Za-z0-9._-]", "_") + "\"");
    }

    private ApiResponse stop(ApiRequest request) {
        String id = request.parameter("capture");
        int number = status(id).id();
        backend.captures().stop(number);
        return ApiResponse.json(capture(status(id)));
    }

    private ApiResponse one(int id) {
        return ApiResponse.json(capture(status(Integer.toString(id))));
    }

    private CaptureStatus status(String id) {
        return backend.captures().list().stream()
                .filter(status -> Integer.toString(status.id()).equals(id))
                .findFirst()
                .orElseThrow(
                        () -> ApiException.notFound("there is no capture of this number; GET /v1/captures lists all"));
    }

    /** By the policies and the addresses of this moment. */
    private ApiResponse explain(ApiRequest request) {
        JsonNode body = request.json();
        String from = text(body, "from", "\"a\"");
        byte[] frame = digits(text(body, "frame", "\"ffffffffffff525400000001...\""), "frame");
        byte[] header = new byte[NetHeader.BYTES];
        if (body.has("header")) {
            header = digits(text(body, "header", "24 hexadecimal digits"), "header");
        }
        if (header.length != NetHeader.BYTES || frame.length > MOST_FRAME_BYTES) {
            throw new IllegalArgumentException(
                    "a header has " + NetHeader.BYTES + " bytes, a frame at most " + MOST_FRAME_BYTES);
        }
        OpenPort port = PortRoutes.find(backend, from);
        BackendOptions options = backend.options();
        return ApiResponse.json(new Explanation(
                        options, from, frame, Explainer.explain(options, from, header, frame, known(port), Map.of()))
                .toMap());
    }

    private static byte[] digits(String text, String field) {
        if (!text.matches("([0-9a-fA-F]{2})+")) {
            throw new IllegalArgumentException("\"" + field + "\" is hexadecimal digits without anything between them");
        }
        return HexFormat.of().parseHex(text);
    }

    private static List<Known> known(OpenPort port) {
        List<Known> known = new ArrayList<>();
        SwitchTable table = port.domain().table();
        for (SwitchTable.Entry entry :
                table == null ? List.<SwitchTable.Entry>of() : table.entries(System.nanoTime())) {
            known.add(new Known(Long.reverseBytes(entry.mac()) >>> 16, entry.vlan(), entry.port()));
        }
        return known;
    }

    private ApiResponse flight(ApiRequest request) throws InterruptedException, ExecutionException {
        OpenPort port = PortRoutes.find(backend, request.parameter("port"));
        GuestEndpoint endpoint = port.endpoint();
        if (endpoint == null) {
            throw ApiException.conflict("port " + port.name() + " is not a guest's, so nothing is recorded of it");
        }
        try {
            return ApiResponse.json(endpoint.flight("it was asked for").get(FLIGHT_SECONDS, TimeUnit.SECONDS));
        } catch (TimeoutException e) {
            throw ApiException.conflict("the port's worker did not answer in " + FLIGHT_SECONDS + " s; see its log");
        }
    }
}
