package io.annulet.soak;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** {@code -Dannulet.soak.seconds=1200} for twenty minutes; {@code ./annulet soak 20} does the same with progress. */
@Tag("slow")
@Timeout(value = 2, unit = TimeUnit.HOURS)
final class SoakTest {

    private static final long SECONDS = Long.getLong("annulet.soak.seconds", 20);

    @TempDir
    private Path folder;

    @Test
    void underLoadAndUnderFireNothingIsLostAndNothingGrows() {
        Soak.Result result = Soak.run(folder, Duration.ofSeconds(SECONDS), 1, line -> {});
        assertTrue(result.frames() > 0, result::toString);
        assertTrue(result.faults() > 0, result::toString);
    }
}
