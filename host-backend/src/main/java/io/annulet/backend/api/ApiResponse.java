package io.annulet.backend.api;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.netty.handler.codec.http.HttpResponseStatus;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;

/** What a route answers: a status, and a body with its type; the type is empty if there is no body. Immutable. */
public final class ApiResponse {

    /** What follows the head of an answer. */
    sealed interface Body {}

    /** All of it, there already. */
    static final class Bytes implements Body {
        private final byte[] bytes;

        private Bytes(byte[] bytes) {
            this.bytes = bytes;
        }

        byte[] bytes() {
            return bytes;
        }
    }

    /** A file as long as it is when the answer begins; the kernel sends it where it can. */
    record File(Path path) implements Body {}

    /** As much as comes, until its source returns. */
    record Stream(Source source) implements Body {}

    /** Where a body comes from that has no length yet; called on the request's own thread, and may wait. */
    @FunctionalInterface
    public interface Source {
        /** Writes it. What is thrown before the first byte was written becomes the answer instead. */
        void writeTo(ApiStream out) throws Exception;
    }

    private final HttpResponseStatus status;
    private final String contentType;
    private final Map<String, String> headers;
    private final Body body;

    private ApiResponse(HttpResponseStatus status, String contentType, Map<String, String> headers, Body body) {
        this.status = status;
        this.contentType = contentType;
        this.headers = headers;
        this.body = body;
    }

    /** A value of maps, lists, strings, numbers, booleans and null as JSON. */
    public static ApiResponse json(Object value) {
        return json(HttpResponseStatus.OK, value);
    }

    public static ApiResponse json(HttpResponseStatus status, Object value) {
        return new ApiResponse(status, "application/json", Map.of(), new Bytes(JsonText.write(value)));
    }

    public static ApiResponse text(String contentType, String text) {
        return bytes(contentType, text.getBytes(UTF_8));
    }

    public static ApiResponse bytes(String contentType, byte[] body) {
        return new ApiResponse(HttpResponseStatus.OK, contentType, Map.of(), new Bytes(body));
    }

    /** A file; 404 if it cannot be opened when it is to be sent. */
    public static ApiResponse file(String contentType, Path path) {
        return new ApiResponse(HttpResponseStatus.OK, contentType, Map.of(), new File(path));
    }

    public static ApiResponse stream(String contentType, Source source) {
        return new ApiResponse(HttpResponseStatus.OK, contentType, Map.of(), new Stream(source));
    }

    /** The same with one more header. */
    public ApiResponse with(String header, String value) {
        Map<String, String> more = new LinkedHashMap<>(headers);
        more.put(header, value);
        return new ApiResponse(status, contentType, more, body);
    }

    HttpResponseStatus status() {
        return status;
    }

    String contentType() {
        return contentType;
    }

    Map<String, String> headers() {
        return headers;
    }

    Body body() {
        return body;
    }
}
