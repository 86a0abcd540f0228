package io.annulet.vring;

/** A region of in-flight memory contradicts itself or its ring: nothing that it says can be counted on. */
public final class InflightException extends RuntimeException {

    private static final long serialVersionUID = 1L;

    public InflightException(String message) {
        super(message);
    }
}
