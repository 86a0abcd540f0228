package io.annulet.fuzz;

import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import org.agrona.concurrent.status.CountersManager;

/** The counters of one port in this process, and what was added to them since a mark; owned by one thread. */
final class Counts {

    private final CountersManager counters;
    private final Map<String, Integer> ids = new HashMap<>();
    private final int[] inDrops;
    private final int[] outDrops;
    private long[] mark = new long[0];

    Counts(CountersManager counters, String port) {
        this.counters = counters;
        counters.forEach((id, label) -> {
            if (label.startsWith(port + " ")) {
                ids.put(label.substring(port.length() + 1), id);
            }
        });
        inDrops = drops("in.dropped.");
        outDrops = drops("out.dropped.");
    }

    private int[] drops(String prefix) {
        return ids.entrySet().stream()
                .filter(entry -> entry.getKey().startsWith(prefix))
                .mapToInt(Map.Entry::getValue)
                .toArray();
    }

    int id(String label) {
        Integer id = ids.get(label);
        if (id == null) {
            throw new IllegalArgumentException("no counter " + label);
        }
        return id;
    }

    void mark() {
        int most = ids.values().stream().mapToInt(Integer::intValue).max().orElse(0);
        if (mark.length <= most) {
            mark = new long[most + 1];
        }
        for (int id : ids.values()) {
            mark[id] = counters.getCounterValue(id);
        }
    }

    /** What a counter has gained since the mark. */
    long gained(int id) {
        return counters.getCounterValue(id) - mark[id];
    }

    long inDropped() {
        return Arrays.stream(inDrops).mapToLong(this::gained).sum();
    }

    long outDropped() {
        return Arrays.stream(outDrops).mapToLong(this::gained).sum();
    }

    /** Which reasons gained, as bits. */
    long reasons() {
        long bits = 0;
        for (int i = 0; i < inDrops.length; i++) {
            bits |= gained(inDrops[i]) > 0 ? 1L << i : 0;
            bits |= gained(outDrops[i]) > 0 ? 1L << (i + 24) : 0;
        }
        return bits;
    }
}
