package io.annulet.backend.control;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.nio.file.Path;
import org.junit.jupiter.api.Test;

final class VhostUserOptionsTest {

    private static final VhostUserOptions OPTIONS = VhostUserOptions.server("a", Path.of("/run/a"));

    @Test
    void thereAreUpTo128QueuePairs() {
        assertEquals(128, OPTIONS.withQueuePairs(128).queuePairs());
        assertThrows(IllegalArgumentException.class, () -> OPTIONS.withQueuePairs(129));
        assertThrows(IllegalArgumentException.class, () -> OPTIONS.withQueuePairs(0));
    }

    @Test
    void anMtuIsWhatVirtioAllows() {
        assertEquals(68, OPTIONS.withMtu(68).mtu());
        assertEquals(0, OPTIONS.withMtu(0).mtu());
        assertThrows(IllegalArgumentException.class, () -> OPTIONS.withMtu(67));
        assertThrows(IllegalArgumentException.class, () -> OPTIONS.withMtu(65536));
    }
}
