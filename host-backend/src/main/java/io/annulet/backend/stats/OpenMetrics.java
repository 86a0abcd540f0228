package io.annulet.backend.stats;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.TreeMap;

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

    public static String write(CountersSnapshot snapshot) {
        Map<String, StringBuilder> families = new TreeMap<>();
        snapshot.ports().forEach((port, counters) -> add(families, "port", port, counters));
        snapshot.workers().forEach((worker, counters) -> add(families, "worker", worker, counters));
        StringBuilder text = new StringBuilder();
        families.forEach((name, samples) ->
                text.append("# TYPE ").append(name).append(" counter\n").append(samples));
        text.append("# TYPE annulet_process_start_time_seconds gauge\n")
                .append("annulet_process_start_time_seconds ")
                .append(snapshot.began().toEpochMilli() / 1000.0)
                .append('\n');
        return text.append("# EOF\n").toString();
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
            samples.append(metric).append("_total{");
            String separator = "";
            for (Map.Entry<String, String> label : labels.entrySet()) {
                samples.append(separator)
                        .append(label.getKey())
                        .append("=\"")
                        .append(label.getValue())
                        .append('"');
                separator = ",";
            }
            samples.append("} ").append(value).append('\n');
        });
    }
}
