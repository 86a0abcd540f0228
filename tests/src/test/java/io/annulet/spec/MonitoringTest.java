package io.annulet.spec;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.annulet.backend.api.RingMetrics;
import io.annulet.backend.data.RingStanding;
import io.annulet.backend.stats.CountersFile;
import io.annulet.backend.stats.CountersFileReader;
import io.annulet.backend.stats.OpenMetrics;
import io.annulet.backend.stats.PortCounters;
import io.annulet.backend.stats.WorkerCounters;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Dashboard and alert rules name only metrics that there are. */
final class MonitoringTest {

    private static final Path FOLDER =
            Path.of(System.getProperty("annulet.root", "..")).resolve("deploy/monitoring");
    private static final Pattern METRIC = Pattern.compile("annulet_[a-z_]+");

    @TempDir
    private Path folder;

    private Set<String> metrics() throws IOException {
        Path path = folder.resolve("counters");
        try (CountersFile file = CountersFile.create(path, PortCounters.COUNT + WorkerCounters.COUNT)) {
            new PortCounters(file.manager(), "a").in(3, 180, 3);
            new WorkerCounters(file.manager(), "w").error();
            try (CountersFileReader reader = CountersFileReader.open(path)) {
                RingStanding ring = new RingStanding(0, false, 256, 0, 0, 0, 0, null, 0, 0, 0, 0, 0);
                String text = OpenMetrics.write(reader.snapshot(), RingMetrics.of("a", "receive", ring));
                assertTrue(text.contains("annulet_port_in_batches_total{port=\"a\",least_frames=\"2\"} 1"), text);
                return named(text);
            }
        }
    }

    private static Set<String> named(String text) {
        return METRIC.matcher(text).results().map(MatchResult::group).collect(Collectors.toCollection(TreeSet::new));
    }

    @Test
    void rulesAndDashboardNameMetricsThatThereAre() throws IOException {
        Set<String> known = metrics();
        for (String file : Set.of("annulet-dashboard.json", "annulet-alerts.yaml")) {
            Set<String> used = named(Files.readString(FOLDER.resolve(file)));
            assertTrue(used.size() > 5, file);
            used.removeAll(known);
            assertEquals(Set.of(), used, file);
        }
    }

    @Test
    void theDashboardHasPanelsWithExpressions() throws IOException {
        JsonNode dashboard = new JsonMapper().readTree(Files.readString(FOLDER.resolve("annulet-dashboard.json")));
        assertTrue(dashboard.path("panels").size() >= 10);
        for (JsonNode panel : dashboard.path("panels")) {
            assertTrue(panel.path("targets").path(0).path("expr").asText().contains("annulet_"), panel.toString());
        }
    }
}
