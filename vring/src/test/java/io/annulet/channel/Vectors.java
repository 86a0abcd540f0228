package io.annulet.channel;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.HexFormat;
import java.util.Objects;

/** Published test vectors, as they are in the test resources beside their licences. */
final class Vectors {
    private Vectors() {}

    static JsonNode read(String name) {
        try (InputStream file = Objects.requireNonNull(Vectors.class.getResourceAsStream(name), name)) {
            return new ObjectMapper().readTree(file);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    static byte[] bytes(JsonNode node, String field) {
        return HexFormat.of().parseHex(node.get(field).asText());
    }
}
