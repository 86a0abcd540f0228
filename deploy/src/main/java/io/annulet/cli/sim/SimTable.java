package io.annulet.cli.sim;

import io.annulet.guest.traffic.DirectionReport;
import io.annulet.guest.traffic.FrameCounts;
import io.annulet.guest.traffic.LatencySummary;
import io.annulet.guest.traffic.PhaseReport;
import io.annulet.guest.traffic.Quantities;
import io.annulet.guest.traffic.SearchResult;
import io.annulet.guest.traffic.StationReport;
import io.annulet.guest.traffic.Trial;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** Results as lines for people. */
final class SimTable {

    private static final String INDENT = "  ";

    private SimTable() {}

    static List<String> phase(PhaseReport phase, List<StationReport> stations) {
        List<String> lines = new ArrayList<>();
        for (StationReport station : stations) {
            lines.add(String.format(
                    Locale.ROOT,
                    "guest %s: %s rings of %,d descriptors",
                    station.name(),
                    station.isPacked() ? "packed" : "split",
                    station.ringSize()));
        }
        phase.directions().forEach(direction -> addDirection(lines, direction));
        if (phase.directions().size() > 1) {
            lines.add("all together");
            lines.add(INDENT + row("received", phase.arrived(), phase.receivedPerSecond(), 0));
        }
        addCosts(lines, phase);
        return lines;
    }

    private static void addDirection(List<String> lines, DirectionReport direction) {
        lines.add(title(direction));
        boolean hasSender = direction.sent() > 0 || direction.offered() > 0;
        if (hasSender) {
            lines.add(INDENT + row("sent", direction.sent(), direction.sentPerSecond(), direction.sentBitsPerSecond()));
        }
        if (!direction.to().isEmpty()) {
            FrameCounts counts = direction.counts();
            double bits = direction.receivedBitsPerSecond();
            lines.add(INDENT + row("received", counts.arrived(), direction.receivedPerSecond(), bits));
            lines.add(INDENT + fate(direction));
        }
        addLatency(lines, direction.latency());
    }

    private static String title(DirectionReport direction) {
        if (direction.to().isEmpty() || direction.from().equals(direction.to())) {
            return direction.from();
        }
        return direction.from().isEmpty() ? "to " + direction.to() : direction.from() + " to " + direction.to();
    }

    private static String row(String what, long frames, double perSecond, double bitsPerSecond) {
        String line =
                String.format(Locale.ROOT, "%-10s %,16d frames %11s/s", what, frames, Quantities.count(perSecond));
        return bitsPerSecond == 0 ? line : line + String.format("%11sbit/s", Quantities.count(bitsPerSecond));
    }

    /** What became of the frames; what did not happen is left out, but for loss. */
    private static String fate(DirectionReport direction) {
        FrameCounts counts = direction.counts();
        StringBuilder text = new StringBuilder();
        text.append(String.format(Locale.ROOT, "%-10s %,16d frames", "lost", counts.lost()));
        if (direction.offered() > 0) {
            text.append(" (")
                    .append(Quantities.percent((double) counts.lost() / direction.offered()))
                    .append(')');
        }
        append(text, direction.notSent(), "not sent in time");
        append(text, counts.duplicated(), "duplicated");
        append(text, counts.reordered(), "reordered");
        append(text, counts.stale(), "far out of order");
        append(text, counts.corrupted(), "corrupted");
        append(text, counts.misdelivered(), "misdelivered");
        append(text, counts.misdescribed(), "with a wrong virtio-net header");
        append(text, counts.foreign(), "not ours");
        append(text, direction.givenUp(), "round trips given up");
        return text.toString();
    }

    private static void append(StringBuilder text, long count, String what) {
        if (count > 0) {
            text.append(String.format(Locale.ROOT, ", %,d %s", count, what));
        }
    }

    private static void addLatency(List<String> lines, @Nullable LatencySummary latency) {
        if (latency == null || latency.frames() == 0) {
            return;
        }
        lines.add(INDENT + "latency    p50 " + Quantities.nanos(latency.p50()) + ", p90 "
                + Quantities.nanos(latency.p90()) + ", p99 " + Quantities.nanos(latency.p99()) + ", p99.9 "
                + Quantities.nanos(latency.p999()) + ", max " + Quantities.nanos(latency.max()));
        lines.add(INDENT + "           " + latency.kind().sentence());
        if (latency.impossible() > 0) {
            lines.add(INDENT + "           without " + latency.impossible() + " frames with stamps of another clock");
        }
    }

    private static void addCosts(List<String> lines, PhaseReport phase) {
        double frames = Math.max(1, Math.max(phase.sent(), phase.arrived()));
        lines.add(String.format(
                Locale.ROOT,
                "kicks %,d (%.4f a frame), calls %,d (%.4f a frame)",
                phase.kicks(),
                phase.kicks() / frames,
                phase.calls(),
                phase.calls() / frames));
        String gaps = phase.stalledNanos() == 0
                ? ""
                : "; a sender did not get to run for " + Quantities.nanos(phase.stalledNanos()) + " in all, "
                        + Quantities.nanos(phase.longestGapNanos()) + " at most";
        lines.add("simulator: " + Quantities.nanos(phase.cpuNanos()) + " of processor time in "
                + Quantities.nanos(phase.nanos()) + ", nothing to do in " + Quantities.percent(phase.idleShare())
                + " of it" + gaps);
    }

    static String trial(Trial trial) {
        return String.format(
                Locale.ROOT,
                "trial %3d  %10s frames/s  received %10s/s  lost %s",
                trial.number(),
                Quantities.count(trial.framesPerSecond()),
                Quantities.count(trial.receivedPerSecond()),
                Quantities.percent(trial.lossRatio()));
    }

    static String result(SearchResult result, int directions) {
        String goal = result.lossRatio() == 0 ? "no loss" : "loss of at most " + Quantities.percent(result.lossRatio());
        String each = directions > 1 ? " of each sender" : "";
        if (result.lower() == 0) {
            String upper = Double.isInfinite(result.upper()) ? "" : ": not even at " + Quantities.count(result.upper());
            return goal + ": no rate was found that holds" + upper;
        }
        String bounds = result.isLimitedBySender()
                ? "at least " + Quantities.count(result.lower()) + " frames/s" + each + ", the most that was tried"
                : "between " + Quantities.count(result.lower()) + " and " + Quantities.count(result.upper())
                        + " frames/s" + each + " (" + Quantities.percent(result.width()) + " apart)";
        return goal + ": " + bounds;
    }
}
