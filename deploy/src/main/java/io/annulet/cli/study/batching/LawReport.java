package io.annulet.cli.study.batching;

import io.annulet.cli.study.Fit;
import io.annulet.cli.study.Levelled;
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
import org.jspecify.annotations.Nullable;

/** The part of the report about lock-step: cost per frame against batch size, and the law through it. */
final class LawReport {

    private static final double WITHIN = 0.05;

    /** Points that differ in batch size only. */
    private record Group(String stand, String direction, String layout, String frame) {

        static Group of(Point point) {
            return new Group(point.get("stand"), point.get("direction"), point.get("layout"), point.get("frame"));
        }

        String title() {
            return direction + ", " + layout + ", " + frame + " B";
        }
    }

    private final Results results;
    private final @Nullable Results earlier;
    private final Page page;

    LawReport(Results results, @Nullable Results earlier, Page page) {
        this.results = results;
        this.earlier = earlier;
        this.page = page;
    }

    /** Writes it; the laws for the summary. */
    List<Object> write() {
        page.section("What one notification costs: the law a + b / n");
        page.paragraph("In lock-step the sender puts n frames into the ring, shows them, notifies by an eventfd and"
                + " sleeps; the receiver wakes, takes all of them, answers by an eventfd and sleeps. So a batch costs two"
                + " wake-ups, b, whatever its size, and a frame costs a: its descriptor, its copy, its cache misses. If"
                + " that is all, the time for each frame is a + b / n. The law is fitted to batch sizes that are powers of"
                + " two, by least squares of relative errors, and judged on the sizes in between, which it has not seen"
                + " (hollow markers). A round's value is the median of its batches, which a program that takes the processor"
                + " away for a while leaves alone. Rounds differ by a factor, for the machine is faster at some times"
                + " than at others; it is taken out by median polish over the batch sizes, and the median of what is left"
                + " counts. All buffers of the ring were used once before, unmeasured.");
        Map<Group, List<Point>> groups = groups(results);
        Map<Group, Fit> fits = new LinkedHashMap<>();
        groups.forEach((group, points) -> {
            Fit fit = fit(levelled(results, points), points);
            if (fit != null) {
                fits.put(group, fit);
            }
        });
        figure(groups, fits, "law-rings-transmit", "rings", "transmit", "Rings alone, driver to device (transmit)");
        figure(groups, fits, "law-rings-receive", "rings", "receive", "Rings alone, device to driver (receive)");
        figure(groups, fits, "law-back-end", "back-end", "", "Through the back-end, over its vhost-user socket");
        figure(groups, fits, "law-other", "other", "", "Through the other back-end");
        table(groups, fits);
        verdicts(groups, fits);
        List<Object> summary = new ArrayList<>();
        fits.forEach((group, fit) -> summary.add(summary(group, fit)));
        return summary;
    }

    private static Map<Group, List<Point>> groups(Results of) {
        Map<Group, List<Point>> groups = new LinkedHashMap<>();
        of.points(point -> point.has("experiment", "lockstep")).stream()
                .sorted(Comparator.comparing((Point p) -> p.get("stand"), Comparator.reverseOrder())
                        .thenComparing(p -> p.get("direction"), Comparator.reverseOrder())
                        .thenComparing(p -> p.get("layout"), Comparator.reverseOrder())
                        .thenComparingInt(p -> p.number("frame"))
                        .thenComparingInt(p -> p.number("batch")))
                .filter(point -> Double.isFinite(of.median(point, Measured.TYPICAL)))
                .forEach(point -> groups.computeIfAbsent(Group.of(point), key -> new ArrayList<>())
                        .add(point));
        return groups;
    }

    private static Levelled levelled(Results of, List<Point> points) {
        return new Levelled(of, points, Measured.TYPICAL);
    }

    private static @Nullable Fit fit(Levelled of, List<Point> points) {
        List<Fit.Observation> observations = points.stream()
                .map(point -> new Fit.Observation(
                        point.number("batch"), of.value(point), BatchingStudy.isHeldBack(point.number("batch"))))
                .toList();
        try {
            return Fit.of(observations);
        } catch (IllegalArgumentException tooFew) {
            return null;
        }
    }

    private void figure(
            Map<Group, List<Point>> groups,
            Map<Group, Fit> fits,
            String name,
            String stand,
            String direction,
            String title) {
        List<Series> series = new ArrayList<>();
        int colour = 0;
        for (Map.Entry<Group, List<Point>> each : groups.entrySet()) {
            Group group = each.getKey();
            if (!group.stand().equals(stand) || !group.direction().startsWith(direction)) {
                continue;
            }
            String label = direction.isEmpty() ? group.title() : group.layout() + ", " + group.frame() + " B";
            addSeries(series, label, each.getValue(), fits.get(group), colour);
            addEarlier(series, group, colour);
            colour++;
        }
        if (series.isEmpty()) {
            return;
        }
        page.figure(
                name,
                new Chart(
                        title + ": time per frame against batch size",
                        Axis.log2("frames for each notification, n"),
                        Axis.log10("ns per frame"),
                        series),
                "Time per frame in lock-step (bars: the least and the most of all rounds as they were). Filled markers"
                        + " were fitted, hollow ones held back; dashed lines are the laws a + b / n. Where a curve is"
                        + " straight the notification is nearly all of the cost; where it is level, notifications hardly"
                        + " matter."
                        + (earlier == null ? "" : " Dotted: the earlier run."));
    }

    private void addSeries(List<Series> series, String label, List<Point> points, @Nullable Fit fit, int colour) {
        Levelled levelled = levelled(results, points);
        for (boolean heldBack : new boolean[] {false, true}) {
            List<Point> shown = points.stream()
                    .filter(point -> BatchingStudy.isHeldBack(point.number("batch")) == heldBack)
                    .toList();
            series.add(new Series(
                    heldBack ? "" : label,
                    shown.stream().map(point -> (double) point.number("batch")).toList(),
                    shown.stream().map(levelled::value).toList(),
                    shown.stream()
                            .map(point -> results.least(point, Measured.TYPICAL))
                            .toList(),
                    shown.stream()
                            .map(point -> results.most(point, Measured.TYPICAL))
                            .toList(),
                    heldBack ? Look.HOLLOW : Look.POINTS,
                    colour));
        }
        if (fit != null) {
            List<Double> xs = new ArrayList<>();
            for (double n = 1; n <= 1024; n *= Math.sqrt(2)) {
                xs.add(n);
            }
            series.add(
                    Series.of("", Look.LAW, colour, xs, xs.stream().map(fit::at).toList()));
        }
    }

    private void addEarlier(List<Series> series, Group group, int colour) {
        Results before = earlier;
        if (before == null) {
            return;
        }
        List<Point> points = groups(before).getOrDefault(group, List.of());
        Levelled levelled = levelled(before, points);
        series.add(Series.of(
                "",
                Look.EARLIER,
                colour,
                points.stream().map(point -> (double) point.number("batch")).toList(),
                points.stream().map(levelled::value).toList()));
    }

    private void table(Map<Group, List<Point>> groups, Map<Group, Fit> fits) {
        List<List<String>> rows = new ArrayList<>();
        fits.forEach((group, fit) -> rows.add(List.of(
                group.stand() + ": " + group.title(),
                number(fit.a()),
                number(fit.b()),
                String.format(Locale.ROOT, "%.4f", fit.r2()),
                String.format(Locale.ROOT, "%.1f %%", 100 * fit.worstHeldBack()),
                number(fit.batchWithin(WITHIN)),
                plateau(groups.getOrDefault(group, List.of())))));
        page.table(
                List.of(
                        "stand, queue, layout, frame",
                        "a, ns/frame",
                        "b, ns/batch",
                        "R\u00b2",
                        "worst held back",
                        "n for 95 %, by the law",
                        "n for 95 %, measured"),
                rows);
        page.paragraph(
                "The last two columns tell from which batch size on throughput is within 5 % of its plateau: by the"
                        + " law, of that of endless batches; as measured, of the best in the sweep, so that the two"
                        + " differ where"
                        + " the plateau lies beyond the largest batch.");
    }

    /** The least batch size from which on each is within 5 % of the best measured. */
    private String plateau(List<Point> points) {
        Levelled levelled = levelled(results, points);
        double best = points.stream().mapToDouble(levelled::value).min().orElse(Double.NaN);
        int from = -1;
        for (Point point : points.reversed()) {
            if (levelled.value(point) > best / (1 - WITHIN)) {
                break;
            }
            from = point.number("batch");
        }
        return from < 0 ? "none" : Integer.toString(from);
    }

    private void verdicts(Map<Group, List<Point>> groups, Map<Group, Fit> fits) {
        List<String> failing = new ArrayList<>();
        fits.forEach((group, fit) -> {
            if (!fit.holds()) {
                List<Point> points = groups.getOrDefault(group, List.of());
                failing.add(group.stand() + ": " + group.title() + ". " + fit.verdict() + evidence(fit, points));
            }
        });
        long holding = fits.values().stream().filter(Fit::holds).count();
        page.paragraph(
                "The law holds (R\u00b2 of at least 0.99, and no point held back more than 5 % from it) in " + holding
                        + " of " + fits.size() + " cases. Rounds lie apart by "
                        + String.format(Locale.ROOT, "%.0f %%", 100 * results.spread(Measured.TYPICAL))
                        + " of their median, which is what the machine itself adds.");
        if (!failing.isEmpty()) {
            page.paragraph("Where it does not:").list(failing);
            page.paragraph("Reasons the law can fail: another program took a processor for a while, which shows as"
                    + " scatter between rounds (long bars); large batches of large frames no longer fit into the cache of"
                    + " one core, so that a itself grows with n; and small batches that come so soon that the receiver"
                    + " has not fallen asleep yet, so that b is less there. The back-end takes at most 64 frames at a"
                    + " time, and the sender may already use the first while it works on the next.");
        }
    }

    /** What the rounds of the worst point tell of the reason. */
    private String evidence(Fit fit, List<Point> points) {
        Levelled levelled = levelled(results, points);
        for (Point point : points) {
            double apart = levelled.middleSpread(point);
            if (point.number("batch") == Math.round(fit.worstBatch()) && Double.isFinite(apart)) {
                boolean isNoise = apart > Math.abs(fit.worstHeldBack()) / 2;
                return String.format(
                        Locale.ROOT,
                        " The middle half of its rounds spans %.1f %%: %s A batch there has %,d KiB of frames.",
                        100 * apart,
                        isNoise
                                ? "this is the machine's scatter."
                                : "it can be repeated, so this is no scatter but another cost.",
                        point.number("batch") * point.number("frame") / 1024);
            }
        }
        return "";
    }

    private static Map<String, Object> summary(Group group, Fit fit) {
        Map<String, Object> map = new LinkedHashMap<>();
        map.put("stand", group.stand());
        map.put("direction", group.direction());
        map.put("layout", group.layout());
        map.put("frame", Integer.valueOf(group.frame()));
        map.putAll(fit.toMap());
        map.put("batchWithin5Percent", fit.batchWithin(WITHIN));
        return map;
    }

    private static String number(double value) {
        return String.format(Locale.ROOT, value < 100 ? "%.1f" : "%,.0f", value);
    }
}
