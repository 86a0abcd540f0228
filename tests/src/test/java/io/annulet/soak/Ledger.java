package io.annulet.soak;

import io.annulet.backend.stats.CountersSnapshot;
import java.util.Map;

/** Sees to it that every frame is in a named counter; stateless. */
final class Ledger {

    private Ledger() {}

    /** What a port brought in was forwarded or dropped for a reason, and what was forwarded left its peer or was dropped. */
    static void assertBalances(CountersSnapshot counters, String one, String other) {
        assertBalance(port(counters, one), port(counters, other), one, other);
        assertBalance(port(counters, other), port(counters, one), other, one);
    }

    private static Map<String, Long> port(CountersSnapshot counters, String name) {
        return counters.ports().getOrDefault(name, Map.of());
    }

    private static void assertBalance(Map<String, Long> from, Map<String, Long> to, String source, String destination) {
        long forwarded = from.getOrDefault("in.forwarded", 0L);
        same(source + " in", from.getOrDefault("in.frames", 0L), forwarded + sum(from, "in.dropped."));
        long cut = to.getOrDefault("offload.segments", 0L) - to.getOrDefault("offload.segmented", 0L);
        same(
                source + " to " + destination,
                forwarded + cut,
                to.getOrDefault("out.frames", 0L) + sum(to, "out.dropped."));
    }

    private static void same(String what, long expected, long counted) {
        if (expected != counted) {
            throw new AssertionError(what + ": " + expected + " frames, and " + counted + " in named counters");
        }
    }

    static long dropped(CountersSnapshot counters) {
        return counters.ports().values().stream()
                .mapToLong(port -> sum(port, "in.dropped.") + sum(port, "out.dropped."))
                .sum();
    }

    private static long sum(Map<String, Long> port, String prefix) {
        return port.entrySet().stream()
                .filter(entry -> entry.getKey().startsWith(prefix))
                .mapToLong(Map.Entry::getValue)
                .sum();
    }
}
