package io.annulet.spec;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.annulet.backend.api.ApiRoutes;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import org.snakeyaml.engine.v2.api.Load;
import org.snakeyaml.engine.v2.api.LoadSettings;

/** The description of the API, and what it says of answers. From OpenAPI 3.0.3, as far as the description uses it. */
final class ApiDescription {

    private final JsonNode root;

    private ApiDescription(JsonNode root) {
        this.root = root;
    }

    static ApiDescription load() {
        try (InputStream file = ApiRoutes.class.getResourceAsStream("openapi.yaml")) {
            return new ApiDescription(
                    new JsonMapper().valueToTree(new Load(LoadSettings.builder().build()).loadFromInputStream(file)));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** The right that each "METHOD path" needs. */
    Map<String, String> rights() {
        Map<String, String> rights = new TreeMap<>();
        root.path("paths")
                .properties()
                .forEach(path -> path.getValue().properties().forEach(method -> {
                    if (!method.getKey().equals("parameters")) {
                        rights.put(
                                method.getKey().toUpperCase(Locale.ROOT) + " " + path.getKey(),
                                method.getValue().path("x-right").asText());
                    }
                }));
        return rights;
    }

    /** What is wrong with an answer; empty if nothing is. */
    List<String> faults(String path, String method, int status, JsonNode answer) {
        JsonNode response = resolved(root.path("paths")
                .path(path)
                .path(method.toLowerCase(Locale.ROOT))
                .path("responses")
                .path(Integer.toString(status)));
        JsonNode schema = response.path("content").path("application/json").path("schema");
        List<String> faults = new ArrayList<>();
        if (schema.isMissingNode()) {
            faults.add(method + " " + path + " has no JSON answer with status " + status);
        } else {
            check(answer, schema, method + " " + path + " " + status, faults);
        }
        return faults;
    }

    private JsonNode resolved(JsonNode node) {
        String reference = node.path("$ref").asText("");
        return reference.isEmpty() ? node : resolved(root.at(reference.substring(1)));
    }

    private void check(JsonNode value, JsonNode described, String at, List<String> faults) {
        JsonNode schema = resolved(described);
        if (value.isNull()) {
            if (!schema.path("nullable").asBoolean()) {
                faults.add(at + " is null");
            }
            return;
        }
        if (!hasType(value, schema.path("type").asText())) {
            faults.add(at + " is no " + schema.path("type").asText() + ": " + value);
            return;
        }
        if (schema.has("enum")) {
            boolean found = false;
            for (JsonNode one : schema.path("enum")) {
                found |= one.equals(value);
            }
            if (!found) {
                faults.add(at + " is none of " + schema.path("enum") + ": " + value);
            }
        }
        if (value.isArray()) {
            for (int i = 0; i < value.size(); i++) {
                check(value.get(i), schema.path("items"), at + "[" + i + "]", faults);
            }
        } else if (value.isObject()) {
            checkObject(value, schema, at, faults);
        }
    }

    private void checkObject(JsonNode value, JsonNode schema, String at, List<String> faults) {
        for (JsonNode name : schema.path("required")) {
            if (!value.has(name.asText())) {
                faults.add(at + " has no " + name.asText());
            }
        }
        JsonNode others = schema.path("additionalProperties");
        value.properties().forEach(entry -> {
            JsonNode inner = schema.path("properties").path(entry.getKey());
            if (!inner.isMissingNode()) {
                check(entry.getValue(), inner, at + "." + entry.getKey(), faults);
            } else if (others.isObject()) {
                check(entry.getValue(), others, at + "." + entry.getKey(), faults);
            } else {
                faults.add(at + " has " + entry.getKey() + ", which is not described");
            }
        });
    }

    private static boolean hasType(JsonNode value, String type) {
        return switch (type) {
            case "object" -> value.isObject();
            case "array" -> value.isArray();
            case "string" -> value.isTextual();
            case "integer" -> value.isIntegralNumber();
            case "boolean" -> value.isBoolean();
            default -> throw new IllegalArgumentException("a schema of type '" + type + "'");
        };
    }
}
