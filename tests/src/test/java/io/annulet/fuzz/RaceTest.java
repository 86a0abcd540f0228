package io.annulet.fuzz;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** F01 to F09, the short run: {@code ./annulet fuzz race -n 100m} is the long one. */
@Timeout(value = 1, unit = TimeUnit.HOURS)
final class RaceTest {

    private static final long FLIPS = Long.getLong("annulet.fuzz.flips", 100_000);
    private static final long LOOKS = 5_000;

    @Test
    void whateverADriverChangesWhileWeReadHarmsNobody() {
        List<Race.Result> results = new ArrayList<>();
        Races.run(FLIPS, LOOKS, results::add);
        long differing = results.stream().mapToLong(Race.Result::differing).sum();
        assertTrue(differing > 0, () -> "no change was seen: " + results);
    }
}
