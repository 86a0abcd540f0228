package io.annulet.backend.stats;

import java.time.Instant;
import java.util.Map;

/**
 * What the counters of a back-end were at one moment.
 *
 * @param pid the back-end's process
 * @param began when it began to count
 * @param taken when this was read
 * @param isRunning whether it counts on, as far as can be seen from here
 * @param ports for each port by name what it counts, both in the order in which they were made
 * @param workers likewise for each worker
 */
public record CountersSnapshot(
        long pid,
        Instant began,
        Instant taken,
        boolean isRunning,
        Map<String, Map<String, Long>> ports,
        Map<String, Map<String, Long>> workers) {}
