package io.annulet.cli.study.batching;

import io.annulet.cli.study.Point;
import io.annulet.cli.study.Results;
import io.annulet.cli.study.report.Axis;
import io.annulet.cli.study.report.Chart;
import io.annulet.cli.study.report.Page;
import io.annulet.cli.study.report.Series;
import io.annulet.cli.study.report.Series.Look;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.ToDoubleBiFunction;
import org.jspecify.annotations.Nullable;

/** The part of the report about policies: throughput, notifications and cost at saturation, latency at a fixed load. */
final class PolicyReport {

    private static final double WITHIN = 0.05;

    private final Results results;
    private final @Nullable Results earlier;
    private final Page page;

    /** A policy at a batch size: what it can do at most, and what latency it has at the fixed load. */
    private record Choice(Policy policy, int batch, double fps, double p99) {

        boolean isBeatenBy(Choice other) {
            return other.fps >= fps && other.p99 <= p99 && (other.fps > fps || other.p99 < p99);
        }
    }

    PolicyReport(Results results, @Nullable Results earlier, Page page) {
        this.results = results;
        this.earlier = earlier;
        this.page = page;
    }

    /** Writes it; plateaus and frontiers for the summary. */
    Map<String, Object> write() {
        page.section("Policies: who notifies when, and who polls");
        page.paragraph("Here sender and receiver run freely. At saturation the sender puts in as fast as there is room;"
                + " at the fixed load of " + String.format(Locale.ROOT, "%,d", Durations.PACED_FPS)
                + " frames a second each frame has a time at which it is due, and its latency counts from then on, so a"
                + " sender that falls behind does not hide it. The batch is what the sender has at a time: it shows a"
                + " batch at once. Policies: a notification for each frame; suppression by flag or by event index (the"
                + " receiver asks for one before it sleeps); coalescing by count (frames are shown at once, each batch is"
                + " notified) or by time (likewise, and the swept number is the interval in microseconds); adaptive (event"
                + " index, and the receiver polls for 50 microseconds before it sleeps); polling (no notification).");
        Map<String, Object> summary = new LinkedHashMap<>();
        for (String stand : List.of("rings", "back-end")) {
            for (String direction : List.of("transmit", "receive")) {
                throughput(stand, direction, 64);
            }
        }
        throughput("rings", "transmit", 1518);
        costs("rings", "transmit");
        for (String stand : List.of("rings", "back-end")) {
            for (String direction : List.of("transmit", "receive")) {
                summary.put(stand + " " + direction, frontier(stand, direction));
            }
        }
        return summary;
    }

    private List<Point> points(
            Results of, String experiment, String stand, String direction, Policy policy, int frame) {
        return of
                .points(p -> p.has(
                        "experiment",
                        experiment,
                        "stand",
                        stand,
                        "direction",
                        direction,
                        "policy",
                        policy.key(),
                        "frame",
                        frame))
                .stream()
                .sorted(Comparator.comparingInt((Point p) -> p.number("batch")))
                .toList();
    }

    private Chart chart(
            String title,
            Axis y,
            String experiment,
            String stand,
            String direction,
            int frame,
            ToDoubleBiFunction<Results, Point> value) {
        List<Series> series = new ArrayList<>();
        for (Policy policy : Policy.values()) {
            series.add(series(results, policy.title(), Look.LINE, experiment, stand, direction, policy, frame, value));
            if (earlier != null) {
                series.add(series(earlier, "", Look.EARLIER, experiment, stand, direction, policy, frame, value));
            }
        }
        return new Chart(title, Axis.log2("batch: frames at a time (coalesced by time: \u00b5s)"), y, series);
    }

    private Series series(
            Results of,
            String label,
            Look look,
            String experiment,
            String stand,
            String direction,
            Policy policy,
            int frame,
            ToDoubleBiFunction<Results, Point> value) {
        List<Point> points = points(of, experiment, stand, direction, policy, frame);
        return Series.of(
                label,
                look,
                policy.ordinal(),
                points.stream().map(point -> (double) point.number("batch")).toList(),
                points.stream().map(point -> value.applyAsDouble(of, point)).toList());
    }

    private void throughput(String stand, String direction, int frame) {
        Chart chart = chart(
                "Throughput at saturation: " + stand + ", " + direction + ", " + frame + " B",
                Axis.log10("frames a second"),
                "saturation",
                stand,
                direction,
                frame,
                (of, point) -> of.median(point, "fps"));
        page.figure(
                "throughput-" + stand + "-" + direction + "-" + frame,
                chart,
                "Frames a second as fast as the sender can, for each policy. " + plateaus(stand, direction, frame));
    }

    /** From which batch size on each policy is within 5 % of its best, as a sentence. */
    private String plateaus(String stand, String direction, int frame) {
        List<String> parts = new ArrayList<>();
        for (Policy policy : Policy.values()) {
            List<Point> points = points(results, "saturation", stand, direction, policy, frame);
            double best = points.stream()
                    .mapToDouble(point -> results.median(point, "fps"))
                    .max()
                    .orElse(Double.NaN);
            points.stream()
                    .filter(point -> results.median(point, "fps") >= (1 - WITHIN) * best)
                    .findFirst()
                    .ifPresent(point -> parts.add(String.format(
                            Locale.ROOT, "%s %s (%.2f M)", policy.title(), point.get("batch"), best / 1e6)));
        }
        return parts.isEmpty()
                ? ""
                : "Smallest batch within 5 % of a policy's best, and the best: " + String.join("; ", parts) + ".";
    }

    private void costs(String stand, String direction) {
        page.figure(
                "notifications",
                chart(
                        "Notifications per frame at saturation: " + stand + ", " + direction + ", 64 B",
                        Axis.log10("notifications per frame"),
                        "saturation",
                        stand,
                        direction,
                        64,
                        (of, point) -> of.median(point, "notes")),
                "Suppression sends fewer notifications than batches, because a receiver that is still busy does not ask for"
                        + " one. Polling sends none and is not on the chart.");
        page.figure(
                "cpu",
                chart(
                        "Processor time per frame, both sides, at saturation: " + stand + ", " + direction + ", 64 B",
                        Axis.log10("ns of processor time per frame"),
                        "saturation",
                        stand,
                        direction,
                        64,
                        PolicyReport::processorTime),
                "Processor time of both threads for each frame, the kernel's part included. It stands for energy where"
                        + " the machine does not count that.");
        page.figure(
                "cpu-paced",
                chart(
                        "Receiver's processor time per frame at the fixed load: " + stand + ", " + direction + ", 64 B",
                        Axis.log10("ns of processor time per frame"),
                        "paced",
                        stand,
                        direction,
                        64,
                        (of, point) -> of.median(point, "cpu.receiver")),
                "What the receiver spends on each frame while most of its time there is none: a polling receiver spends all"
                        + " of the time between two frames.");
        table(stand, direction);
    }

    private static double processorTime(Results of, Point point) {
        return of.median(point, "cpu.sender") + of.median(point, "cpu.receiver");
    }

    private void table(String stand, String direction) {
        List<List<String>> rows = new ArrayList<>();
        for (Policy policy : Policy.values()) {
            for (Point point : points(results, "saturation", stand, direction, policy, 64)) {
                if (point.number("batch") == 1 || point.number("batch") == 64) {
                    rows.add(List.of(
                            policy.title() + ", batch " + point.get("batch"),
                            number(point, "fps", 1e-6),
                            number(point, "notes", 1),
                            sum(point, "calls"),
                            sum(point, "kernelcalls"),
                            sum(point, "switches"),
                            sum(point, "cpu"),
                            sum(point, "cycles"),
                            sum(point, "misses")));
                }
            }
        }
        page.table(
                List.of(
                        "policy (" + stand + ", " + direction + ", 64 B, saturation)",
                        "M frames/s",
                        "notifications",
                        "calls",
                        "calls, by the kernel",
                        "context switches",
                        "CPU ns",
                        "cycles",
                        "cache misses"),
                rows);
        page.paragraph(
                "All but the first column of numbers are per frame, both sides together. Calls are system calls: as"
                        + " the program counts its own, and as the kernel counts them in a round of its own (with those of the"
                        + " JVM). A dash: not counted here.");
    }

    private String number(Point point, String metric, double factor) {
        double value = results.median(point, metric) * factor;
        return Double.isNaN(value) ? "\u2013" : String.format(Locale.ROOT, value < 10 ? "%.3f" : "%,.0f", value);
    }

    private String sum(Point point, String metric) {
        double value = results.median(point, metric + ".sender") + results.median(point, metric + ".receiver");
        return Double.isNaN(value) ? "\u2013" : String.format(Locale.ROOT, value < 10 ? "%.3f" : "%,.0f", value);
    }

    /** The frontier's chart and table; its choices for the summary. */
    private List<Object> frontier(String stand, String direction) {
        List<Choice> choices = new ArrayList<>();
        for (Policy policy : Policy.values()) {
            for (Point saturated : points(results, "saturation", stand, direction, policy, 64)) {
                Point paced = withExperiment(saturated, "paced");
                double fps = results.median(saturated, "fps");
                double p99 = results.median(paced, "p99");
                if (Double.isFinite(fps) && Double.isFinite(p99)) {
                    choices.add(new Choice(policy, saturated.number("batch"), fps, p99 / 1e3));
                }
            }
        }
        List<Choice> best = choices.stream()
                .filter(choice -> choices.stream().noneMatch(choice::isBeatenBy))
                .sorted(Comparator.comparingDouble(Choice::fps))
                .toList();
        drawFrontier(stand, direction, choices, best);
        List<Object> summary = new ArrayList<>();
        for (Choice choice : best) {
            Map<String, Object> map = new LinkedHashMap<>();
            map.put("policy", choice.policy().key());
            map.put("batch", choice.batch());
            map.put("fps", choice.fps());
            map.put("p99Micros", choice.p99());
            summary.add(map);
        }
        return summary;
    }

    private static Point withExperiment(Point point, String experiment) {
        Map<String, String> parameters = new LinkedHashMap<>(point.parameters());
        parameters.put("experiment", experiment);
        return new Point(parameters);
    }

    private void drawFrontier(String stand, String direction, List<Choice> choices, List<Choice> best) {
        List<Series> series = new ArrayList<>();
        for (Policy policy : Policy.values()) {
            List<Choice> own =
                    choices.stream().filter(choice -> choice.policy() == policy).toList();
            series.add(Series.of(
                    policy.title(),
                    Look.POINTS,
                    policy.ordinal(),
                    own.stream().map(Choice::fps).toList(),
                    own.stream().map(Choice::p99).toList()));
        }
        series.add(Series.of(
                "frontier",
                Look.LAW,
                6,
                best.stream().map(Choice::fps).toList(),
                best.stream().map(Choice::p99).toList()));
        List<String> names = best.stream()
                .map(choice -> String.format(
                        Locale.ROOT,
                        "%s, batch %d (%.2f M frames/s, p99 %.0f \u00b5s)",
                        choice.policy().title(),
                        choice.batch(),
                        choice.fps() / 1e6,
                        choice.p99()))
                .toList();
        page.figure(
                "frontier-" + stand + "-" + direction,
                new Chart(
                        "Throughput against latency: " + stand + ", " + direction + ", 64 B",
                        Axis.log10("frames a second at saturation"),
                        Axis.log10("p99 latency at the fixed load, \u00b5s"),
                        series),
                "Each marker is a policy at one batch size: to the right is more throughput, further down less latency."
                        + " Whatever is not on the dashed line is beaten in both by something on it. On it: "
                        + String.join("; ", names) + ".");
    }
}
