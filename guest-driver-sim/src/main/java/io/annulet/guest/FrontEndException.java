package io.annulet.guest;

/** A back-end did not do what the front-end had a right to expect. */
public final class FrontEndException extends RuntimeException {

    private static final long serialVersionUID = 1;

    /** What went wrong. */
    public enum Reason {
        /** Nobody listened, or nobody connected, in time. */
        NOT_CONNECTED,
        /** No answer in time. */
        NO_REPLY,
        /** An answer, but not to this message, or not of its form. */
        WRONG_REPLY,
        /** A status other than 0. */
        REFUSED,
        /** The back-end closed the connection. */
        CLOSED,
        /** The back-end offers less than the guest needs. */
        NOT_OFFERED
    }

    private final Reason reason;

    public FrontEndException(Reason reason, String message) {
        super(message);
        this.reason = reason;
    }

    FrontEndException(Reason reason, String message, Throwable cause) {
        super(message, cause);
        this.reason = reason;
    }

    public Reason reason() {
        return reason;
    }
}
