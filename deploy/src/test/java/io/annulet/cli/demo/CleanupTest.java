package io.annulet.cli.demo;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

final class CleanupTest {
    private final List<String> closed = new ArrayList<>();
    private final Cleanup cleanup = new Cleanup();

    private void add(String name) {
        AutoCloseable thing = () -> closed.add(name);
        cleanup.add(thing);
    }

    @Test
    void closesTheLatestFirstAndEachOnce() {
        add("first");
        add("second");
        cleanup.close();
        cleanup.close();
        assertEquals(List.of("second", "first"), closed);
    }

    @Test
    void whatFailsToCloseDoesNotKeepTheOthersFromIt() {
        add("first");
        AutoCloseable stubborn = () -> {
            throw new IllegalStateException("will not");
        };
        cleanup.add(stubborn);
        cleanup.close();
        assertEquals(List.of("first"), closed);
    }

    @Test
    void whatComesAfterTheEndIsClosedAtOnce() {
        cleanup.close();
        add("late");
        assertEquals(List.of("late"), closed);
    }
}
