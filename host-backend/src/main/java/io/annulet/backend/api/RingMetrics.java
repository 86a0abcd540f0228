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
public final class RingMetrics {

    private RingMetrics() {}

    static List<Sample> of(Map<OpenPort, List<RingStanding>> ports) {
        List<Sample> samples = new ArrayList<>();
        ports.forEach((port, rings) -> rings.forEach(
                ring -> samples.addAll(of(port.name(), RingRoutes.queue(port, ring.queueIndex()), ring))));
        return samples;
    }

    /**
     * Of one ring.
     *
     * @param queue what it is for: receive, transmit or control
     */
    public static List<Sample> of(String port, String queue, RingStanding ring) {
        Map<String, String> labels = new LinkedHashMap<>();
        labels.put("port", port);
        labels.put("ring", Integer.toString(ring.queueIndex()));
        labels.put("queue", queue);
        List<Sample> samples = new ArrayList<>();
        samples.add(new Sample("annulet_ring_frames", Kind.COUNTER, labels, ring.frames()));
        samples.add(new Sample("annulet_ring_bytes", Kind.COUNTER, labels, ring.bytes()));
        samples.add(new Sample("annulet_ring_drops", Kind.COUNTER, labels, ring.drops()));
        samples.add(new Sample("annulet_ring_kicks", Kind.COUNTER, labels, ring.kicks()));
        samples.add(new Sample("annulet_ring_calls", Kind.COUNTER, labels, ring.calls()));
        samples.add(new Sample("annulet_ring_size", Kind.GAUGE, labels, ring.size()));
        samples.add(new Sample("annulet_ring_available", Kind.GAUGE, labels, ring.available()));
        samples.add(new Sample("annulet_ring_borrowed", Kind.GAUGE, labels, ring.borrowed()));
        return samples;
    }
}
