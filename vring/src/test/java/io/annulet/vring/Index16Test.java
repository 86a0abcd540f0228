package io.annulet.vring;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Random;
import org.junit.jupiter.api.Test;

class Index16Test {

    @Test
    void wrapsAt65536InBothDirections() {
        assertEquals(0, Index16.plus(65_535, 1));
        assertEquals(65_535, Index16.plus(0, -1));
        assertEquals(2, Index16.plus(65_530, 8));
    }

    @Test
    void countsStepsForwardAcrossTheWrap() {
        assertEquals(0, Index16.distance(7, 7));
        assertEquals(3, Index16.distance(65_534, 1));
        assertEquals(65_535, Index16.distance(1, 0));
        assertEquals(32_768, Index16.distance(40_000, 7_232));
    }

    @Test
    void nothingIsPassedByAnIndexThatStays() {
        for (int event : new int[] {0, 1, 4, 5, 6, 32_768, 65_535}) {
            assertFalse(Index16.passed(event, 5, 5));
        }
    }

    @Test
    void anEventIndexIsPassedWhenTheElementItNamesIsAmongTheNewOnes() {
        // Elements 5, 6 and 7 are new when the index goes from 5 to 8.
        assertFalse(Index16.passed(4, 5, 8));
        assertTrue(Index16.passed(5, 5, 8));
        assertTrue(Index16.passed(7, 5, 8));
        assertFalse(Index16.passed(8, 5, 8));
        assertFalse(Index16.passed(40_000, 5, 8));
    }

    @Test
    void anEventIndexIsPassedAcrossTheWrap() {
        assertTrue(Index16.passed(65_535, 65_534, 2));
        assertTrue(Index16.passed(0, 65_534, 2));
        assertTrue(Index16.passed(1, 65_534, 2));
        assertFalse(Index16.passed(2, 65_534, 2));
        assertFalse(Index16.passed(65_533, 65_534, 2));
    }

    @Test
    void passedMeansTheSameAsWalkingFromElementToElement() {
        Random random = new Random(11);
        for (int i = 0; i < 200_000; i++) {
            int before = random.nextInt(65_536);
            int steps = random.nextInt(40);
            int event = Index16.plus(before, random.nextInt(50) - 5);
            boolean walked = false;
            for (int step = 0; step < steps; step++) {
                walked |= Index16.plus(before, step) == event;
            }
            assertEquals(walked, Index16.passed(event, before, Index16.plus(before, steps)));
        }
    }
}
