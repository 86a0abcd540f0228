package io.annulet.fuzz;

/** A claim that holds for any bytes; used by one thread. */
public interface Target {

    /**
     * Tries one input; whatever the bytes are, an {@link AssertionError} or any other exception is a finding.
     *
     * @return what happened, as a number: inputs that took the same way have the same one
     */
    long run(Input input);
}
