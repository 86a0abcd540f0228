package io.annulet.cli.study;

import java.util.Map;

/**
 * What was measured at a point in one round. A metric that this machine does not count is left out.
 *
 * @param round 0 for the round that warms up and counts, in which nothing is timed
 */
public record Sample(Point point, int round, Map<String, Double> values) {

    public Sample {
        values = Map.copyOf(values);
    }
}
