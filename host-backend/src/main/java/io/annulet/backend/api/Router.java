package io.annulet.backend.api;

import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpResponseStatus;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/** Finds the route of a request; immutable. */
final class Router {

    /** A route, and what stands in the path for its parameters. */
    record Match(Route route, Map<String, String> parameters) {}

    private final List<Route> routes;

    Router(List<Route> routes) {
        this.routes = List.copyOf(routes);
    }

    List<Route> routes() {
        return routes;
    }

    /** @throws ApiException if there is none */
    Match find(HttpMethod method, String rawPath) {
        List<String> parts = decoded(rawPath);
        List<Match> samePath = new ArrayList<>();
        for (Route route : routes) {
            Map<String, String> parameters = route.match(parts);
            if (parameters != null) {
                samePath.add(new Match(route, parameters));
            }
        }
        if (samePath.isEmpty()) {
            throw ApiException.notFound("there is nothing at this path; GET /openapi.yaml has all paths");
        }
        return samePath.stream()
                .filter(match -> match.route().method().equals(method))
                .findFirst()
                .orElseThrow(() -> new ApiException(
                        HttpResponseStatus.METHOD_NOT_ALLOWED,
                        "this path has "
                                + samePath.stream()
                                        .map(match -> match.route().method().name())
                                        .collect(Collectors.joining(", "))));
    }

    private static List<String> decoded(String rawPath) {
        if (!rawPath.startsWith("/")) {
            throw ApiException.badRequest("a path begins with a slash");
        }
        try {
            return Route.parts(rawPath).stream()
                    .map(part -> URLDecoder.decode(part.replace("+", "%2B"), StandardCharsets.UTF_8))
                    .toList();
        } catch (IllegalArgumentException e) {
            throw ApiException.badRequest("the path has an escape that cannot be read: write % and two digits");
        }
    }
}
