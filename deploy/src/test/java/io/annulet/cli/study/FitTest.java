package io.annulet.cli.study;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.function.DoubleUnaryOperator;
import org.junit.jupiter.api.Test;

final class FitTest {

    /** Costs at powers of two, which are fitted, and at the sizes between, which are held back. */
    private static Fit fit(DoubleUnaryOperator cost) {
        List<Fit.Observation> observations = new ArrayList<>();
        for (int n = 1; n <= 1024; n *= 2) {
            observations.add(new Fit.Observation(n, cost.applyAsDouble(n), false));
            observations.add(new Fit.Observation(3 * n, cost.applyAsDouble(3 * n), true));
        }
        return Fit.of(observations);
    }

    @Test
    void findsTheCostsThatTheDataWereMadeFrom() {
        Fit fit = fit(n -> 60 + 9000 / n);
        assertEquals(60, fit.a(), 1e-6);
        assertEquals(9000, fit.b(), 1e-6);
        assertEquals(1, fit.r2(), 1e-9);
        assertEquals(0, fit.worstHeldBack(), 1e-9);
        assertTrue(fit.holds());
        assertTrue(fit.verdict().startsWith("The law holds"), fit::verdict);
    }

    /** A plain sum of squares would see the costs at 1 and 2 only, and find any a at all. */
    @Test
    void findsTheSmallCostBesideTheLargeOneInScatteredData() {
        Random random = new Random(7);
        Fit fit = fit(n -> (60 + 9000 / n) * (1 + 0.02 * random.nextGaussian()));
        assertEquals(60, fit.a(), 3);
        assertEquals(9000, fit.b(), 450);
        assertTrue(fit.r2() > 0.99);
    }

    @Test
    void saysWhereALawThatIsNotTrueFails() {
        Fit growing = fit(n -> 60 + 9000 / n + (n > 200 ? 30 : 0));
        assertFalse(growing.holds());
        assertTrue(growing.worstHeldBack() > 0.05);
        assertTrue(growing.verdict().contains("does not hold"), growing::verdict);
        assertTrue(growing.verdict().contains("at batch " + Math.round(growing.worstBatch())), growing::verdict);
    }

    @Test
    void costsThatDoNotFallWithTheBatchAreNoSuchLaw() {
        assertFalse(fit(n -> 100 + n).holds());
        assertFalse(fit(n -> 100 * Math.sqrt(n)).holds());
    }

    @Test
    void tellsFromWhichBatchOnThroughputIsNearItsPlateau() {
        Fit fit = fit(n -> 60 + 9000 / n);
        double batch = fit.batchWithin(0.05);
        assertEquals(0.95, fit.a() / fit.at(batch), 1e-9);
    }

    @Test
    void twoBatchSizesAreNoFit() {
        List<Fit.Observation> two = List.of(
                new Fit.Observation(1, 10, false),
                new Fit.Observation(2, 6, false),
                new Fit.Observation(2, 7, false),
                new Fit.Observation(4, 4, true));
        assertThrows(IllegalArgumentException.class, () -> Fit.of(two));
    }
}
