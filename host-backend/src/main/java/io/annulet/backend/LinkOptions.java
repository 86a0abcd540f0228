package io.annulet.backend;

/** A straight link between two ports, by their names. */
public record LinkOptions(String one, String other) {

    public LinkOptions {
        if (one.equals(other)) {
            throw new IllegalArgumentException("link " + one + "=" + other + ": a link has two different ends");
        }
    }

    public boolean joins(String port) {
        return one.equals(port) || other.equals(port);
    }

    /** The same link, written the other way round. */
    LinkOptions reversed() {
        return new LinkOptions(/* one= */ other, /* other= */ one);
    }

    @Override
    public String toString() {
        return one + "=" + other;
    }
}
