package io.annulet.backend.api;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** The page for people, which asks the other routes, and reports of studies if there is a folder with some; immutable. */
public final class PageRoutes {

    private static final Map<String, String> TYPES = Map.of(
            "html", "text/html; charset=utf-8",
            "css", "text/css; charset=utf-8",
            "js", "text/javascript; charset=utf-8",
            "svg", "image/svg+xml",
            "png", "image/png",
            "json", "application/json",
            "csv", "text/csv; charset=utf-8");

    /** Everything comes from here, and nothing else is run, framed, sent or fetched. */
    private static final String OWN_POLICY =
            "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self';"
                    + " base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

    /** A report brings its styles with it, and has no scripts. */
    private static final String REPORT_POLICY =
            "default-src 'none'; style-src 'unsafe-inline'; img-src 'self' data:; base-uri 'none'; form-action 'none';"
                    + " frame-ancestors 'none'";

    private static final String REPORT = "report.html";

    private final @Nullable Path reports;

    /** @param reports a folder with a folder for each study; null if there is none */
    public PageRoutes(@Nullable Path reports) {
        this.reports = reports;
    }

    public List<Route> routes() {
        return List.of(
                Route.get("/", request -> own("index.html")),
                Route.get("/page/{file}", request -> own(request.parameter("file"))),
                Route.get("/v1/reports", request -> list()),
                Route.get(
                        "/reports/{report}/{file}",
                        request -> report(request.parameter("report"), request.parameter("file"))));
    }

    private static ApiResponse guarded(ApiResponse response, String policy) {
        return response.with("content-security-policy", policy)
                .with("referrer-policy", "no-referrer")
                .with("cross-origin-resource-policy", "same-origin")
                .with("cross-origin-opener-policy", "same-origin");
    }

    private static ApiResponse own(String name) throws IOException {
        checkName(name);
        try (InputStream file = PageRoutes.class.getResourceAsStream("page/" + name)) {
            if (file == null) {
                throw ApiException.notFound("the page has no such file; its beginning is at /");
            }
            return guarded(ApiResponse.bytes(type(name), file.readAllBytes()), OWN_POLICY);
        }
    }

    private ApiResponse list() throws IOException {
        TreeMap<String, String> found = new TreeMap<>();
        if (reports != null && Files.isDirectory(reports)) {
            try (Stream<Path> folders = Files.list(reports)) {
                folders.filter(folder -> Files.isRegularFile(folder.resolve(REPORT)))
                        .map(folder -> String.valueOf(folder.getFileName()))
                        .filter(PageRoutes::isName)
                        .forEach(name -> found.put(name, "/reports/" + name + "/" + REPORT));
            }
        }
        return ApiResponse.json(Map.of(
                "reports",
                found.entrySet().stream()
                        .map(report -> Map.of("name", report.getKey(), "path", report.getValue()))
                        .toList()));
    }

    private ApiResponse report(String report, String name) {
        checkName(report);
        checkName(name);
        if (reports == null || !Files.isRegularFile(reports.resolve(report).resolve(name))) {
            throw ApiException.notFound("there is no such report; GET /v1/reports lists all");
        }
        return guarded(ApiResponse.file(type(name), reports.resolve(report).resolve(name)), REPORT_POLICY);
    }

    /** Names of files are never paths. */
    private static void checkName(String name) {
        if (!isName(name)) {
            throw ApiException.notFound("there is no file of this name; its beginning is at /");
        }
    }

    private static boolean isName(String name) {
        return name.matches("[A-Za-z0-9_][A-Za-z0-9_.-]*");
    }

    private static String type(String name) {
        return TYPES.getOrDefault(name.substring(name.lastIndexOf('.') + 1), "application/octet-stream");
    }
}
