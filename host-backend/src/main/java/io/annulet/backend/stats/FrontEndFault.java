package io.annulet.backend.stats;

/** What a front-end does wrong at its socket, or with what it shares: each has a counter of its own on its port. */
public enum FrontEndFault {
    /** A message that broke a rule, or bytes that are none: answered with a status if asked for, else the session ended. */
    MESSAGE_REFUSED("messages-refused"),
    /** It left in the middle of a message. */
    CUT_OFF("cut-off"),
    /** It did not say anything, or the rest of a message, or did not take its reply, in time. */
    TIMED_OUT("timed-out"),
    /** It connected while another one was there. */
    TURNED_AWAY("turned-away"),
    /** It runs as a user, and in a group, that the port does not serve. */
    NOT_ALLOWED("not-allowed"),
    /** It truncated the file behind its memory. */
    MEMORY_LOST("memory-lost"),
    /** It filled a descriptor that the worker signals, so that the worker would have to wait. */
    CALL_BLOCKED("calls-blocked");

    private static final FrontEndFault[] VALUES = values();

    private final String label;

    FrontEndFault(String label) {
        this.label = label;
    }

    /** The name that counters and reports show. */
    public String label() {
        return label;
    }

    public static int count() {
        return VALUES.length;
    }
}
