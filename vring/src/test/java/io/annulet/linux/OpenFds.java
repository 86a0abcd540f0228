package io.annulet.linux;

import static org.junit.jupiter.api.Assertions.assertEquals;

/** Checks that a piece of code closes what it opens. */
final class OpenFds {
    private OpenFds() {}

    /** Runs {@code body} once to load what it needs, then {@code times} more, and expects no further open descriptor. */
    static void areTheSameAfter(int times, Runnable body) {
        body.run();
        int before = FileDescriptors.openCount();
        for (int i = 0; i < times; i++) {
            body.run();
        }
        assertEquals(before, FileDescriptors.openCount(), "open descriptors");
    }
}
