package io.annulet.backend.handover;

/** A hand-over cannot be made, or was broken off; the message is one line that says why. */
public final class HandoverException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    public HandoverException(String message) {
        super(message);
    }
}
