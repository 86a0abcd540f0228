package io.annulet.cli.study;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** Points are told apart from the rounds in which they were measured. */
final class LevelledTest {

    private static final double[] OF_POINTS = {20, 21, 23, 25, 30, 40, 60, 90};
    private static final double[] OF_ROUNDS = {1.5, 1, 1, 0.66, 1, 1, 0.66, 1.1, 1, 1};

    private final List<Point> points = new ArrayList<>();
    private final List<Sample> samples = new ArrayList<>();

    private Levelled levelled() {
        for (int i = 0; i < OF_POINTS.length; i++) {
            Point point = Point.of("size", i);
            points.add(point);
            for (int round = 0; round < OF_ROUNDS.length; round++) {
                double disturbance = round == 2 * i ? 1.8 : 1;
                double value = OF_POINTS[i] * OF_ROUNDS[round] * disturbance;
                samples.add(new Sample(point, round, Map.of("ns", value)));
            }
        }
        return new Levelled(new Results(samples), points, "ns");
    }

    @Test
    void aFasterRoundAndADisturbedValueChangeNothing() {
        Levelled levelled = levelled();
        for (int i = 0; i < OF_POINTS.length; i++) {
            assertEquals(OF_POINTS[i], levelled.value(points.get(i)), 1e-6 * OF_POINTS[i]);
            assertEquals(0, levelled.middleSpread(points.get(i)), 1e-6);
        }
    }

    @Test
    void whatWasNotMeasuredIsNoNumber() {
        Levelled levelled = levelled();
        assertTrue(Double.isNaN(levelled.value(Point.of("size", 99))));
        assertTrue(Double.isNaN(levelled.middleSpread(Point.of("size", 99))));
    }
}
