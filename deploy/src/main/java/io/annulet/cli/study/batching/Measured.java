package io.annulet.cli.study.batching;

import io.annulet.cli.study.ThreadMeter;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** The values of one measurement as they stand in the CSV file, stateless. All but fps and latencies are per frame. */
final class Measured {

    /** Nanoseconds for each frame of the median batch, in lock-step only. */
    static final String TYPICAL = "ns.typical";

    static final List<String> METRICS = List.of(
            "fps",
            "ns",
            TYPICAL,
            "notes",
            "calls.sender",
            "calls.receiver",
            "kernelcalls.sender",
            "kernelcalls.receiver",
            "cpu.sender",
            "cpu.receiver",
            "switches.sender",
            "switches.receiver",
            "cycles.sender",
            "cycles.receiver",
            "instructions.sender",
            "instructions.receiver",
            "misses.sender",
            "misses.receiver",
            "p50",
            "p99",
            "p999");

    private Measured() {}

    /** @param notifications in both directions */
    static Map<String, Double> values(
            boolean counting,
            long frames,
            long nanos,
            long notifications,
            ThreadMeter.Reading sender,
            ThreadMeter.Reading receiver,
            Latency latency) {
        Map<String, Double> values = new LinkedHashMap<>();
        sender.perUnit((double) frames, "sender", values);
        receiver.perUnit((double) frames, "receiver", values);
        if (counting) {
            values.keySet().removeIf(name -> !name.startsWith("kernelcalls"));
            return values;
        }
        values.put("fps", frames * 1e9 / nanos);
        values.put("ns", (double) nanos / frames);
        values.put("notes", (double) notifications / frames);
        latency.putInto(values);
        return values;
    }
}
