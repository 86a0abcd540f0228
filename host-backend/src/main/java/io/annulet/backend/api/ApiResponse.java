package io.annulet.backend.api;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.netty.handler.codec.http.HttpResponseStatus;

/** What a route answers: a status, and a body with its type; the type is empty if there is no body. Immutable. */
public final class ApiResponse {

    private final HttpResponseStatus status;
    private final String contentType;
    private final byte[] body;

    private ApiResponse(HttpResponseStatus status, String contentType, byte[] body) {
        this.status = status;
        this.contentType = contentType;
        this.body = body;
    }

    /** A value of maps, lists, strings, numbers, booleans and null as JSON. */
    public static ApiResponse json(Object value) {
        return json(HttpResponseStatus.OK, value);
    }

    public static ApiResponse json(HttpResponseStatus status, Object value) {
        return new ApiResponse(status, "application/json", JsonText.write(value));
    }

    public static ApiResponse text(String contentType, String text) {
        return new ApiResponse(HttpResponseStatus.OK, contentType, text.getBytes(UTF_8));
    }

    public static ApiResponse bytes(String contentType, byte[] body) {
        return new ApiResponse(HttpResponseStatus.OK, contentType, body);
    }

    HttpResponseStatus status() {
        return status;
    }

    String contentType() {
        return contentType;
    }

    byte[] body() {
        return body;
    }
}
