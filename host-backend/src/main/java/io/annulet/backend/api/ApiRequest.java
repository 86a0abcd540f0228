package io.annulet.backend.api;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** A request that has found its route; immutable. */
public final class ApiRequest {

    private final Caller caller;
    private final Map<String, String> parameters;
    private final Map<String, List<String>> query;
    private final byte[] body;

    /**
     * @param parameters what stands in the path in the places of {@code {name}}
     * @param query what stands behind the question mark
     */
    ApiRequest(Caller caller, Map<String, String> parameters, Map<String, List<String>> query, byte[] body) {
        this.caller = caller;
        this.parameters = parameters;
        this.query = query;
        this.body = body;
    }

    public Caller caller() {
        return caller;
    }

    /** What stands in the path in the place of {@code {name}}. */
    public String parameter(String name) {
        String value = parameters.get(name);
        if (value == null) {
            throw new IllegalArgumentException("the route has no " + name);
        }
        return value;
    }

    /** The first value of a query parameter; null if it is not there. */
    public @Nullable String query(String name) {
        List<String> values = query.get(name);
        return values == null || values.isEmpty() ? null : values.getFirst();
    }

    /**
     * The body, which has to be a JSON object.
     *
     * @throws ApiException if it is not
     */
    public JsonNode json() {
        return JsonText.readObject(body);
    }
}
