package io.annulet.model;

/** What one side does, from its start to its end, through {@link SteppedMemory}; keeps nothing between two runs. */
public interface Program {

    /** Runs until the end, or until the memory has no answer yet. */
    void run();
}
