package io.annulet.backend.api;

import io.annulet.backend.OpenPort;
import io.annulet.backend.data.RingStanding;
import io.annulet.backend.stats.OpenMetrics.Kind;
import io.annulet.backend.stats.OpenMetrics.Sample;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * What each open queue has counted, and how full its ring is, for those who scrape; stateless. A queue counts anew when it is
 * opened anew, as a process's counters do when it is started anew.
 */
final class RingMetrics {

    private RingMetrics() {}

    static List<Sample> of(Map<OpenPort, List<RingStanding>> ports) {
        List<Sample> samples = new ArrayList<>();
        ports.forEach((port, rings) -> rings.forEach(ring -> add(samples, labels(port, ring), ring)));
        return samples;
    }

    private static Map<String, String> labels(OpenPort port, RingStanding ring) {
        Map<String, String> labels = new LinkedHashMap<>();
        labels.put("port", port.name());
        labels.put("ring", Integer.toString(ring.queueIndex()));
        labels.put("queue", RingRoutes.queue(port, ring.queueIndex()));
        return labels;
    }

    private static void add(List<Sample> samples, Map<String, String> labels, RingStanding ring) {
        samples.add(new Sample("annulet_ring_frames", Kind.COUNTER, labels, ring.frames()));
        samples.add(new Sample("annulet_ring_bytes", Kind.COUNTER, labels, ring.bytes()));
        samples.add(new Sample("annulet_ring_drops", Kind.COUNTER, labels, ring.drops()));
        samples.add(new Sample("annulet_ring_kicks", Kind.COUNTER, labels, ring.kicks()));
        samples.add(new Sample("annulet_ring_calls", Kind.COUNTER, labels, ring.calls()));
        samples.add(new Sample("annulet_ring_size", Kind.GAUGE, labels, ring.size()));
        samples.add(new Sample("annulet_ring_available", Kind.GAUGE, labels, ring.available()));
        samples.add(new Sample("annulet_ring_borrowed", Kind.GAUGE, labels, ring.borrowed()));
    }
}
