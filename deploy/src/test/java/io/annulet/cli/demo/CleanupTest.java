package io.annulet.cli.demo;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

final class CleanupTest {
    private final List<String> closed = new ArrayList<>();
    private final Cleanup cleanup = new Cleanup();

    private void add(String name) {
        cleanup.<AutoCloseable>make(() -> () -> closed.add(name));
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
        cleanup.<AutoCloseable>make(() -> () -> {
            throw new IllegalStateException("will not");
        });
        cleanup.close();
        assertEquals(List.of("first"), closed);
    }

    @Test
    void nothingIsMadeAfterTheEnd() {
        cleanup.close();
        assertThrows(IllegalStateException.class, () -> add("late"));
        assertEquals(List.of(), closed);
    }

    @Test
    void theEndWaitsForWhatIsBeingMade() throws InterruptedException {
        Thread closer = Thread.ofVirtual().unstarted(cleanup::close);
        cleanup.<AutoCloseable>make(() -> {
            closer.start();
            assertTrue(cleanup.awaitBegin(Duration.ofSeconds(30)));
            return () -> closed.add("made meanwhile");
        });
        closer.join();
        assertEquals(List.of("made meanwhile"), closed);
    }
}
