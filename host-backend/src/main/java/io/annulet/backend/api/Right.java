package io.annulet.backend.api;

/** What a caller has to be allowed for a route. */
public enum Right {
    READ,
    CHANGE
}
