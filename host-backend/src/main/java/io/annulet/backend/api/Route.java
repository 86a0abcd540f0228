package io.annulet.backend.api;

import io.netty.handler.codec.http.HttpMethod;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * One thing that callers may do: a method, a path in which {@code {name}} stands for one part, the right that it needs, and
 * who serves it.
 */
public record Route(HttpMethod method, String path, Right right, Handler handler) {

    /** Serves requests, each on a thread of its own: it may wait. */
    @FunctionalInterface
    public interface Handler {
        /**
         * Answers a request.
         *
         * @throws ApiException if the caller can mend what is wrong
         */
        ApiResponse handle(ApiRequest request) throws Exception;
    }

    /** A route that changes nothing. */
    public static Route get(String path, Handler handler) {
        return new Route(HttpMethod.GET, path, Right.READ, handler);
    }

    /** A route that makes something so, however often it is asked for. */
    public static Route put(String path, Handler handler) {
        return new Route(HttpMethod.PUT, path, Right.CHANGE, handler);
    }

    public static Route post(String path, Handler handler) {
        return new Route(HttpMethod.POST, path, Right.CHANGE, handler);
    }

    public static Route delete(String path, Handler handler) {
        return new Route(HttpMethod.DELETE, path, Right.CHANGE, handler);
    }

    /** The parameters in a path of this route; null if it is another route's. */
    @Nullable
    Map<String, String> match(List<String> parts) {
        List<String> pattern = parts(path);
        if (pattern.size() != parts.size()) {
            return null;
        }
        Map<String, String> found = new LinkedHashMap<>();
        for (int i = 0; i < parts.size(); i++) {
            String wanted = pattern.get(i);
            if (wanted.startsWith("{")) {
                found.put(wanted.substring(1, wanted.length() - 1), parts.get(i));
            } else if (!wanted.equals(parts.get(i))) {
                return null;
            }
        }
        return found;
    }

    /** What is between the slashes. */
    static List<String> parts(String path) {
        List<String> parts = new ArrayList<>(List.of(path.split("/", -1)));
        parts.removeFirst();
        return parts;
    }
}
