package io.annulet.cli.sim;

import io.annulet.guest.traffic.DirectionReport;
import io.annulet.guest.traffic.FrameCounts;
import io.annulet.guest.traffic.LatencySummary;
import io.annulet.guest.traffic.PhaseReport;
import io.annulet.guest.traffic.SearchResult;
import io.annulet.guest.traffic.StationReport;
import io.annulet.guest.traffic.Trial;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Results as maps, for {@link io.annulet.cli.Json}: names with units behind them, times in nanoseconds, rates a second. */
final class SimReport {

    private SimReport() {}

    static Map<String, Object> phase(PhaseReport phase) {
        Map<String, Object> report = new LinkedHashMap<>();
        report.put("offered_frames", phase.offered());
        report.put("sent_frames", phase.sent());
        report.put("arrived_frames", phase.arrived());
        report.put("loss_ratio", phase.lossRatio());
        report.put("sent_frames_per_second", phase.sentPerSecond());
        report.put("received_frames_per_second", phase.receivedPerSecond());
        report.put(
                "directions",
                phase.directions().stream().map(SimReport::direction).toList());
        report.put("elapsed_nanos", phase.nanos());
        report.put("simulator_cpu_nanos", phase.cpuNanos());
        report.put("simulator_idle_ratio", phase.idleShare());
        report.put("longest_gap_nanos", phase.longestGapNanos());
        report.put("stalled_nanos", phase.stalledNanos());
        report.put("kicks", phase.kicks());
        report.put("calls", phase.calls());
        report.put("interrupted", phase.isInterrupted());
        return report;
    }

    private static Map<String, Object> direction(DirectionReport direction) {
        Map<String, Object> report = new LinkedHashMap<>();
        report.put("from", direction.from().isEmpty() ? null : direction.from());
        report.put("to", direction.to().isEmpty() ? null : direction.to());
        report.put("offered_frames", direction.offered());
        report.put("sent_frames", direction.sent());
        report.put("sent_bytes", direction.sentBytes());
        report.put("not_sent_frames", direction.notSent());
        report.put("sent_frames_per_second", direction.sentPerSecond());
        report.put("sent_bits_per_second", direction.sentBitsPerSecond());
        report.put("received_frames_per_second", direction.receivedPerSecond());
        report.put("received_bits_per_second", direction.receivedBitsPerSecond());
        report.put("loss_ratio", direction.lossRatio());
        report.put("given_up_round_trips", direction.givenUp());
        report.put("received", counts(direction.counts()));
        report.put("latency_nanos", latency(direction.latency()));
        return report;
    }

    private static Map<String, Object> counts(FrameCounts counts) {
        Map<String, Object> report = new LinkedHashMap<>();
        report.put("frames", counts.frames());
        report.put("bytes", counts.bytes());
        report.put("arrived", counts.arrived());
        report.put("lost", counts.lost());
        report.put("duplicated", counts.duplicated());
        report.put("reordered", counts.reordered());
        report.put("stale", counts.stale());
        report.put("corrupted", counts.corrupted());
        report.put("misdelivered", counts.misdelivered());
        report.put("misdescribed", counts.misdescribed());
        report.put("foreign", counts.foreign());
        return report;
    }

    private static @Nullable Map<String, Object> latency(@Nullable LatencySummary latency) {
        if (latency == null) {
            return null;
        }
        Map<String, Object> report = new LinkedHashMap<>();
        report.put("kind", latency.kind().name().toLowerCase(Locale.ROOT));
        report.put("frames", latency.frames());
        report.put("min", latency.min());
        report.put("mean", latency.mean());
        report.put("p50", latency.p50());
        report.put("p90", latency.p90());
        report.put("p99", latency.p99());
        report.put("p99.9", latency.p999());
        report.put("max", latency.max());
        report.put("impossible_frames", latency.impossible());
        return report;
    }

    static List<Map<String, Object>> guests(List<StationReport> stations) {
        return stations.stream().map(SimReport::guest).toList();
    }

    private static Map<String, Object> guest(StationReport station) {
        Map<String, Object> report = new LinkedHashMap<>();
        report.put("name", station.name());
        report.put("features", "0x" + Long.toHexString(station.features()));
        report.put("ring", station.isPacked() ? "packed" : "split");
        report.put("ring_size", station.ringSize());
        Map<String, Object> violations = new LinkedHashMap<>();
        station.violations().forEach((kind, count) -> violations.put(kind.name().toLowerCase(Locale.ROOT), count));
        report.put("violations", violations);
        return report;
    }

    static Map<String, Object> result(SearchResult result) {
        Map<String, Object> report = new LinkedHashMap<>();
        report.put("loss_ratio", result.lossRatio());
        report.put("lower_frames_per_second", result.lower());
        report.put("upper_frames_per_second", Double.isInfinite(result.upper()) ? null : result.upper());
        report.put("relative_width", result.width());
        report.put("limited_by_sender", result.isLimitedBySender());
        Trial atLower = result.atLower();
        report.put("trial_at_lower", atLower == null ? null : trial(atLower));
        return report;
    }

    static Map<String, Object> trial(Trial trial) {
        Map<String, Object> report = new LinkedHashMap<>();
        report.put("number", trial.number());
        report.put("frames_per_second", trial.framesPerSecond());
        report.put("offered_frames", trial.offered());
        report.put("sent_frames", trial.sent());
        report.put("arrived_frames", trial.arrived());
        report.put("loss_ratio", trial.lossRatio());
        report.put("received_frames_per_second", trial.receivedPerSecond());
        report.put("latency_nanos", latency(trial.latency()));
        return report;
    }
}
