package io.annulet.backend.api;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.util.Iterator;

/** Reads and writes JSON (RFC 8259), what is read within limits; stateless. */
final class JsonText {

    static final int MAX_DEPTH = 8;
    static final int MAX_STRING = 8 * 1024;
    private static final int MAX_NUMBER = 32;
    private static final int MAX_NAME = 256;

    private static final JsonMapper MAPPER = JsonMapper.builder(JsonFactory.builder()
                    .streamReadConstraints(StreamReadConstraints.builder()
                            .maxNestingDepth(MAX_DEPTH)
                            .maxStringLength(MAX_STRING)
                            .maxNumberLength(MAX_NUMBER)
                            .maxNameLength(MAX_NAME)
                            .build())
                    .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
                    .build())
            .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
            .build();

    private JsonText() {}

    static byte[] write(Object value) {
        try {
            return MAPPER.writeValueAsBytes(value);
        } catch (JsonProcessingException e) {
            throw new IllegalArgumentException(e);
        }
    }

    /**
     * Reads an object.
     *
     * @throws ApiException if it is none, or beyond a limit
     */
    static JsonNode readObject(byte[] text) {
        try {
            JsonNode node = MAPPER.readTree(text);
            if (node == null || !node.isObject()) {
                throw ApiException.badRequest("the body is no JSON object: write {...}");
            }
            return node;
        } catch (JsonProcessingException e) {
            throw ApiException.badRequest("the body is no JSON that can be read: " + firstLine(e.getOriginalMessage())
                    + " (line " + (e.getLocation() == null ? 0 : e.getLocation().getLineNr()) + ")");
        } catch (IOException e) {
            throw ApiException.badRequest("the body cannot be read: " + e.getMessage());
        }
    }

    private static String firstLine(String text) {
        Iterator<String> lines = text.lines().iterator();
        return lines.hasNext() ? lines.next() : "";
    }
}
