package io.annulet.cli.study.syscalls;

import io.annulet.cli.CommandFailure;
import io.annulet.cli.study.Point;
import io.annulet.cli.study.QuietTap;
import io.annulet.cli.study.Results;
import io.annulet.cli.study.Study;
import io.annulet.cli.study.report.Axis;
import io.annulet.cli.study.report.Chart;
import io.annulet.cli.study.report.Page;
import io.annulet.cli.study.report.Series;
import io.annulet.cli.study.report.Series.Look;
import io.annulet.linux.LinuxException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** What it costs to get messages through a tap with a call for each, with scatter and gather, and with io_uring. */
public final class SyscallStudy implements Study {

    private static final List<Integer> COUNTS = List.of(1, 2, 4, 8, 16, 32, 64);
    private static final List<String> DIRECTIONS = List.of("send", "receive");
    private static final int ROUNDS = 7;

    private final boolean quick;

    public SyscallStudy(boolean quick) {
        this.quick = quick;
    }

    @Override
    public String name() {
        return "syscalls";
    }

    @Override
    public List<String> parameters() {
        return List.of("direction", "way", "frame", "messages");
    }

    @Override
    public List<String> metrics() {
        return List.of("ns", "cpu", "calls", "kernelcalls", "cycles", "misses");
    }

    @Override
    public int rounds() {
        return quick ? 1 : ROUNDS;
    }

    @Override
    public List<Point> points() {
        List<Point> points = new ArrayList<>();
        for (String direction : DIRECTIONS) {
            for (Way way : Way.values()) {
                for (int frame : List.of(64, 1514)) {
                    for (int messages : quick ? List.of(1, Messages.MOST) : COUNTS) {
                        if (SyscallBench.hasUring() || !way.isUring()) {
                            points.add(Point.of(
                                    "direction", direction, "way", way.key(), "frame", frame, "messages", messages));
                        }
                    }
                }
            }
        }
        return points;
    }

    @Override
    public Bench open() {
        try {
            return new SyscallBench(QuietTap.open(SyscallBench.MTU), quick);
        } catch (LinuxException e) {
            throw new CommandFailure(String.valueOf(e.getMessage()), "this study needs a tap: run it as root", e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new CommandFailure("interrupted", "run it again", e);
        }
    }

    @Override
    public Map<String, Object> report(Results results, @Nullable Results earlier, Page page) {
        page.section("Messages through a tap");
        page.paragraph(
                "A tap gives and takes one frame a system call. The study sends and receives up to 64 messages at a"
                        + " time through a tap in a network namespace of its own: with a read or write for each;"
                        + " with a readv or"
                        + " writev for each, of header and two pieces, as a frame lies in a guest's memory; and with io_uring,"
                        + " where 64 requests are handed over in one call. The time is that of the messages alone:"
                        + " for receiving,"
                        + " the host sends them before the clock starts. It includes what the kernel does with a"
                        + " frame, which is"
                        + " most of it: the host's network stack takes each frame sent, finds no protocol for it and"
                        + " drops it.");
        for (String direction : DIRECTIONS) {
            for (int frame : List.of(64, 1514)) {
                page.figure(
                        direction + "-" + frame,
                        chart(results, earlier, direction, frame, "ns", "Time"),
                        "Time for each message against how many go at a time. A call for each costs the same whatever their"
                                + " number; io_uring shares one call among all.");
            }
        }
        page.figure(
                "calls",
                chart(results, earlier, "send", 64, "calls", "System calls"),
                "System calls for each message sent, as the program counts them.");
        table(results, page);
        return summary(results, page);
    }

    private static List<Point> points(Results of, String direction, Way way, int frame) {
        return of.points(p -> p.has("direction", direction, "way", way.key(), "frame", frame)).stream()
                .sorted((one, other) -> Integer.compare(one.number("messages"), other.number("messages")))
                .toList();
    }

    private static Chart chart(
            Results results, @Nullable Results earlier, String direction, int frame, String metric, String what) {
        List<Series> series = new ArrayList<>();
        for (Way way : Way.values()) {
            series.add(series(results, way.title(), Look.LINE, direction, way, frame, metric));
            if (earlier != null) {
                series.add(series(earlier, "", Look.EARLIER, direction, way, frame, metric));
            }
        }
        boolean time = metric.equals("ns");
        return new Chart(
                what + " per message: " + direction + ", " + frame + " B",
                Axis.log2("messages at a time"),
                time ? Axis.linear("ns per message") : Axis.log10("calls per message"),
                series);
    }

    private static Series series(
            Results of, String label, Look look, String direction, Way way, int frame, String metric) {
        List<Point> points = points(of, direction, way, frame);
        return new Series(
                label,
                points.stream().map(p -> (double) p.number("messages")).toList(),
                points.stream().map(p -> of.median(p, metric)).toList(),
                points.stream().map(p -> of.least(p, metric)).toList(),
                points.stream().map(p -> of.most(p, metric)).toList(),
                look,
                way.ordinal());
    }

    private static void table(Results results, Page page) {
        List<List<String>> rows = new ArrayList<>();
        for (String direction : DIRECTIONS) {
            for (int frame : List.of(64, 1514)) {
                for (Way way : Way.values()) {
                    for (Point point : points(results, direction, way, frame)) {
                        if (point.number("messages") == Messages.MOST) {
                            rows.add(List.of(
                                    direction + ", " + frame + " B, " + way.title(),
                                    number(results.median(point, "ns")),
                                    number(results.median(point, "cpu")),
                                    number(results.median(point, "calls") * Messages.MOST),
                                    number(results.median(point, "kernelcalls") * Messages.MOST),
                                    number(results.median(point, "cycles")),
                                    number(results.median(point, "misses"))));
                        }
                    }
                }
            }
        }
        page.table(
                List.of(
                        "64 messages",
                        "ns/message",
                        "CPU ns/message",
                        "calls for 64",
                        "calls for 64, by the kernel",
                        "cycles/message",
                        "cache misses/message"),
                rows);
        page.paragraph("Calls by the kernel are counted in a round of its own; the two clock readings around each 64"
                + " messages, where the clock needs the kernel, and the JVM's own calls are among them. A dash: not counted"
                + " here.");
    }

    private static String number(double value) {
        return Double.isNaN(value) ? "\u2013" : String.format(Locale.ROOT, value < 10 ? "%.2f" : "%,.0f", value);
    }

    /** The ratios that answer the question, said on the page too. */
    private static Map<String, Object> summary(Results results, Page page) {
        Map<String, Object> summary = new LinkedHashMap<>();
        List<String> sentences = new ArrayList<>();
        for (String direction : DIRECTIONS) {
            for (int frame : List.of(64, 1514)) {
                double each = at64(results, direction, Way.EACH, frame);
                double gather = at64(results, direction, Way.GATHER, frame);
                double uring = at64(results, direction, Way.URING, frame);
                double fixed = at64(results, direction, Way.URING_FIXED, frame);
                Map<String, Object> map = new LinkedHashMap<>();
                map.put("each", each);
                map.put("gather", gather);
                map.put("uring", uring);
                map.put("uringRegistered", fixed);
                summary.put(direction + " " + frame, map);
                if (Double.isFinite(each) && Double.isFinite(gather)) {
                    sentences.add(String.format(
                            Locale.ROOT,
                            "%s, %d B: gathering three pieces costs %+.0f %% against one piece%s.",
                            direction,
                            frame,
                            100 * (gather / each - 1),
                            Double.isFinite(uring)
                                    ? String.format(
                                            Locale.ROOT,
                                            "; one io_uring submission for 64 costs %+.0f %% against a call for each, with"
                                                    + " registered file and memory %+.0f %%",
                                            100 * (uring / each - 1),
                                            100 * (fixed / each - 1))
                                    : ""));
                }
            }
        }
        page.section("What it comes to").list(sentences);
        return summary;
    }

    private static double at64(Results results, String direction, Way way, int frame) {
        return points(results, direction, way, frame).stream()
                .filter(point -> point.number("messages") == Messages.MOST)
                .mapToDouble(point -> results.median(point, "ns"))
                .findFirst()
                .orElse(Double.NaN);
    }
}
