package io.annulet.backend.config;

import io.annulet.backend.LinkOptions;

/** Reads a straight link, {@code A=B}; every mistake is an {@link IllegalArgumentException} of one line. */
public final class LinkSpec {

    private LinkSpec() {}

    /** The link that a text describes. */
    public static LinkOptions parse(String text) {
        String[] ends = text.split("=", -1);
        if (ends.length != 2) {
            throw new IllegalArgumentException("'" + text + "' is no link; write A=B with the names of two ports");
        }
        return new LinkOptions(ends[0], ends[1]);
    }
}
