package io.annulet.cli;

import io.annulet.backend.stats.CountersSnapshot;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Counters as text for people: a line for each port, and below it what is not zero beside. */
final class StatTable {

    private static final String IN_DROPPED = "in.dropped.";
    private static final String OUT_DROPPED = "out.dropped.";
    private static final String BATCHES = "in.batches.";

    /** What the columns show. */
    private static final List<String> COLUMNS = List.of("in.frames", "in.bytes", "out.frames", "out.bytes");

    /** What is not said again below a port: the columns, and what follows from them and the drops. */
    private static final Set<String> IMPLIED =
            Set.of("in.frames", "in.bytes", "out.frames", "out.bytes", "in.forwarded");

    private static final String ROW = "%-16s %14s %16s %14s %16s %10s%n";
    private static final double BITS_A_MEGABYTE = 8e-6;
    private static final double NANOS_A_SECOND = 1e9;

    private StatTable() {}

    /** @param before an earlier snapshot, for rates; null for totals */
    static String format(CountersSnapshot now, @Nullable CountersSnapshot before) {
        StringBuilder text = new StringBuilder();
        text.append(String.format(
                "pid %d, for %s%n%n",
                now.pid(), words(Duration.between(now.began(), now.taken()).toSeconds())));
        text.append(
                before == null
                        ? String.format(ROW, "port", "in frames", "in bytes", "out frames", "out bytes", "dropped")
                        : String.format(
                                ROW, "port", "in frames/s", "in Mbit/s", "out frames/s", "out Mbit/s", "dropped/s"));
        now.ports().forEach((port, counters) -> {
            text.append(before == null ? totals(port, counters) : rates(port, counters, now, before));
            appendDetails(text, counters);
        });
        now.workers().forEach((worker, counters) -> appendWorker(text, worker, counters));
        return text.toString();
    }

    private static String totals(String port, Map<String, Long> counters) {
        List<String> cells = new ArrayList<>(List.of(port));
        for (String column : COLUMNS) {
            cells.add(Long.toString(counters.getOrDefault(column, 0L)));
        }
        cells.add(Long.toString(dropped(counters)));
        return String.format(ROW, cells.toArray());
    }

    private static String rates(
            String port, Map<String, Long> counters, CountersSnapshot now, CountersSnapshot before) {
        Map<String, Long> earlier = before.ports().getOrDefault(port, Map.of());
        double seconds = Duration.between(before.taken(), now.taken()).toNanos() / NANOS_A_SECOND;
        List<String> cells = new ArrayList<>(List.of(port));
        for (String column : COLUMNS) {
            double rate = (counters.getOrDefault(column, 0L) - earlier.getOrDefault(column, 0L)) / seconds;
            cells.add(
                    column.endsWith("bytes")
                            ? String.format(Locale.ROOT, "%.3f", rate * BITS_A_MEGABYTE)
                            : String.format(Locale.ROOT, "%.0f", rate));
        }
        cells.add(String.format(Locale.ROOT, "%.0f", (dropped(counters) - dropped(earlier)) / seconds));
        return String.format(ROW, cells.toArray());
    }

    private static long dropped(Map<String, Long> counters) {
        long sum = 0;
        for (Map.Entry<String, Long> counter : counters.entrySet()) {
            if (counter.getKey().startsWith(IN_DROPPED) || counter.getKey().startsWith(OUT_DROPPED)) {
                sum += counter.getValue();
            }
        }
        return sum;
    }

    private static void appendDetails(StringBuilder text, Map<String, Long> counters) {
        Map<String, Long> in = new LinkedHashMap<>();
        Map<String, Long> out = new LinkedHashMap<>();
        Map<String, Long> batches = new LinkedHashMap<>();
        Map<String, Long> other = new LinkedHashMap<>();
        counters.forEach((name, value) -> {
            if (value == 0 || IMPLIED.contains(name)) {
                return;
            }
            if (name.startsWith(IN_DROPPED)) {
                in.put(name.substring(IN_DROPPED.length()), value);
            } else if (name.startsWith(OUT_DROPPED)) {
                out.put(name.substring(OUT_DROPPED.length()), value);
            } else if (name.startsWith(BATCHES)) {
                batches.put(name.substring(BATCHES.length()) + "+:", value);
            } else {
                other.put(name, value);
            }
        });
        appendLine(text, "dropped in", in);
        appendLine(text, "dropped out", out);
        appendLine(text, "bursts of frames", batches);
        appendLine(text, "also", other);
    }

    private static void appendLine(StringBuilder text, String title, Map<String, Long> values) {
        if (!values.isEmpty()) {
            List<String> parts = new ArrayList<>();
            values.forEach((name, value) -> parts.add(name + " " + value));
            text.append(String.format("    %s: %s%n", title, String.join(", ", parts)));
        }
    }

    private static void appendWorker(StringBuilder text, String worker, Map<String, Long> counters) {
        long errors = counters.getOrDefault("errors", 0L);
        if (errors != 0) {
            text.append(String.format("%s: %d errors, see the log of the back-end%n", worker, errors));
        }
    }

    private static String words(long seconds) {
        return String.format("%d:%02d:%02d", seconds / 3600, seconds / 60 % 60, seconds % 60);
    }
}
