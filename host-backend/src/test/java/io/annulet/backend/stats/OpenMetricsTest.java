package io.annulet.backend.stats;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;

final class OpenMetricsTest {

    @Test
    void writesEachFamilyOnceWithItsSamplesTogether() {
        Map<String, Map<String, Long>> ports = new LinkedHashMap<>();
        ports.put("a", new LinkedHashMap<>());
        ports.get("a").put("in.frames", 3L);
        ports.get("a").put("in.dropped.no-destination", 2L);
        ports.put("b", new LinkedHashMap<>());
        ports.get("b").put("in.frames", 4L);
        ports.get("b").put("front-end.cut-off", 1L);
        CountersSnapshot snapshot = new CountersSnapshot(
                1, Instant.ofEpochMilli(1500), Instant.EPOCH, true, ports, Map.of("worker-0", Map.of("errors", 0L)));
        assertEquals("""
                # TYPE annulet_port_front_end counter
                annulet_port_front_end_total{port="b",fault="cut-off"} 1
                # TYPE annulet_port_in_dropped counter
                annulet_port_in_dropped_total{port="a",reason="no-destination"} 2
                # TYPE annulet_port_in_frames counter
                annulet_port_in_frames_total{port="a"} 3
                annulet_port_in_frames_total{port="b"} 4
                # TYPE annulet_worker_errors counter
                annulet_worker_errors_total{worker="worker-0"} 0
                # TYPE annulet_process_start_time_seconds gauge
                annulet_process_start_time_seconds 1.5
                # EOF
                """, OpenMetrics.write(snapshot));
    }
}
