package io.annulet.backend.stats;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;

/**
 * Writes counters in the text format of OpenMetrics 1.0, "Text format"; stateless. A counter {@code in.dropped.vlan} of port
 * {@code a} becomes {@code annulet_port_in_dropped_total{port="a",reason="vlan"}}.
 */
public final class OpenMetrics {

    public static final String CONTENT_TYPE = "application/openmetrics-text; version=1.0.0; charset=utf-8";

    /** Counters whose last word is a label of the metric, and what the label is called. */
    private static final Map<String, String> LABELLED = Map.of(
            "in.dropped", "reason",
            "out.dropped", "reason",
            "nic.copied", "reason",
            "in.batches", "least_frames",
            "front-end", "fault");

    private OpenMetrics() {}

    /** A sample beside the counters: a whole number with labels. */
    public record Sample(String family, Kind kind, Map<String, String> labels, long value) {
        public Sample {
            labels = Collections.unmodifiableMap(new LinkedHashMap<>(labels));
        }
    }

    /** What a sample may do: grow only, or anything. */
    public enum Kind {
        COUNTER,
        GAUGE
    }

    public static String write(CountersSnapshot snapshot) {
        return write(snapshot, List.of());
    }

    /** Counters, and what else there is, of families of its own. */
    public static String write(CountersSnapshot snapshot, List<Sample> others) {
        Map<String, StringBuilder> families = new TreeMap<>();
        snapshot.ports().forEach((port, counters) -> add(families, "port", port, counters));
        snapshot.workers().forEach((worker, counters) -> add(families, "worker", worker, counters));
        StringBuilder text = new StringBuilder();
        families.forEach((name, samples) ->
                text.append("# TYPE ").append(name).append(" counter\n").append(samples));
        others.stream()
                .collect(Collectors.groupingBy(Sample::family, TreeMap::new, Collectors.toList()))
                .forEach((name, samples) -> add(text, name, samples));
        text.append("# TYPE annulet_process_start_time_seconds gauge\n")
                .append("annulet_process_start_time_seconds ")
                .append(snapshot.began().toEpochMilli() / 1000.0)
                .append('\n');
        return text.append("# EOF\n").toString();
    }

    private static void add(StringBuilder text, String family, List<Sample> samples) {
        Kind kind = samples.getFirst().kind();
        text.append("# TYPE ").append(family).append(' ');
        text.append(kind.name().toLowerCase(Locale.ROOT)).append('\n');
        for (Sample sample : samples) {
            text.append(family).append(kind == Kind.COUNTER ? "_total" : "");
            addLabels(text, sample.labels());
            text.append(' ').append(sample.value()).append('\n');
        }
    }

    private static void addLabels(StringBuilder text, Map<String, String> labels) {
        String separator = "{";
        for (Map.Entry<String, String> label : labels.entrySet()) {
            text.append(separator)
                    .append(label.getKey())
                    .append("=\"")
                    .append(label.getValue())
                    .append('"');
            separator = ",";
        }
        text.append('}');
    }

    private static void add(
            Map<String, StringBuilder> families, String owner, String name, Map<String, Long> counters) {
        counters.forEach((counter, value) -> {
            Map<String, String> labels = new LinkedHashMap<>();
            labels.put(owner, name);
            String family = counter;
            for (Map.Entry<String, String> entry : LABELLED.entrySet()) {
                if (counter.startsWith(entry.getKey() + ".")) {
                    family = entry.getKey();
                    labels.put(entry.getValue(), counter.substring(family.length() + 1));
                }
            }
            String metric = "annulet_" + owner + "_" + family.replaceAll("[^a-zA-Z0-9]", "_");
            StringBuilder samples = families.computeIfAbsent(metric, key -> new StringBuilder());
            samples.append(metric).append("_total");
            addLabels(samples, labels);
            samples.append(' ').append(value).append('\n');
        });
    }
}
