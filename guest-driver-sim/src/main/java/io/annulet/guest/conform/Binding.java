package io.annulet.guest.conform;

/** How strongly a specification asks for something (RFC 2119). */
public enum Binding {
    MUST,
    /** A back-end may have its reasons not to: a breach is reported, and does not count as failed. */
    SHOULD
}
