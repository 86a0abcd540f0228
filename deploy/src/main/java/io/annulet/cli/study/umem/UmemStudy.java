package io.annulet.cli.study.umem;

import io.annulet.cli.CommandFailure;
import io.annulet.cli.study.Point;
import io.annulet.cli.study.Results;
import io.annulet.cli.study.Study;
import io.annulet.cli.study.report.Axis;
import io.annulet.cli.study.report.Chart;
import io.annulet.cli.study.report.Page;
import io.annulet.cli.study.report.Series;
import io.annulet.cli.study.report.Series.Look;
import io.annulet.linux.LinuxException;
import io.annulet.linux.XdpSocket;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** How many chunks an XDP socket needs for a rate of arrivals: the largest at which its fill ring never runs dry. */
public final class UmemStudy implements Study {

    private static final List<Integer> CHUNKS = List.of(64, 128, 256, 512, 1024, 2048);
    private static final List<Integer> WORKS = List.of(2_000, 8_000);
    private static final List<Integer> AWAYS = List.of(0, 200, 1_000);
    private static final int ROUNDS = 3;

    private final boolean quick;

    public UmemStudy(boolean quick) {
        this.quick = quick;
    }

    @Override
    public String name() {
        return "umem";
    }

    @Override
    public List<String> parameters() {
        return List.of("work", "away", "chunks");
    }

    @Override
    public List<String> metrics() {
        return List.of("rate", "upkeep", "inflight", "sender", "cycles");
    }

    @Override
    public int rounds() {
        return quick ? 1 : ROUNDS;
    }

    @Override
    public List<Point> points() {
        List<Point> points = new ArrayList<>();
        for (int work : WORKS) {
            for (int away : AWAYS) {
                for (int chunks : quick ? List.of(64, 1024) : CHUNKS) {
                    points.add(Point.of("work", work, "away", away, "chunks", chunks));
                }
            }
        }
        return points;
    }

    @Override
    public Bench open() {
        if (!XdpSocket.isKnown()) {
            throw new CommandFailure("this kernel has no AF_XDP", "use Linux 5.10 or later");
        }
        try {
            return new UmemBench(quick);
        } catch (LinuxException e) {
            throw new CommandFailure(
                    String.valueOf(e.getMessage()), "this study needs a network namespace: run it as root", e);
        }
    }

    /**
     * What the pool lets through: all that comes while the receiver is away, and during the burst after it, has to find a
     * chunk; and what came has to be worked off before it is away again.
     */
    static double model(Point point, double upkeepNanos) {
        double frameNanos = point.number("work") + upkeepNanos;
        double awayNanos = point.number("away") * 1e3;
        int chunks = point.number("chunks");
        double byPool = chunks / (awayNanos + Math.min(Pool.BURST, chunks) * frameNanos);
        double byWork = (1 - awayNanos / UmemBench.PERIOD_NANOS) / frameNanos;
        return 1e9 * Math.min(byPool, byWork);
    }

    private static List<Point> points(Results of, int work, int away) {
        return of.points(p -> p.has("work", work, "away", away)).stream()
                .sorted((one, other) -> Integer.compare(one.number("chunks"), other.number("chunks")))
                .toList();
    }

    @Override
    public Map<String, Object> report(Results results, @Nullable Results earlier, Page page) {
        page.section("How large a pool has to be");
        page.paragraph(
                "The kernel needs an empty chunk for each frame that comes; it finds it in the fill ring, and drops"
                        + " the frame if there is none. A chunk is away from when its frame has come until the burst that"
                        + " the frame was taken with is finished. The study sends frames of 64 bytes at even intervals"
                        + " through a virtual cable, receives them in bursts of up to 64 with a given work for each frame,"
                        + " stays away for a while every 4 ms as a thread does that others interrupt, and searches for the"
                        + " highest rate at which the kernel always found a chunk.");
        page.paragraph(
                "The model: a frame costs its work w and the upkeep u of the rings (taking it, giving its chunk back),"
                        + " which is measured with a flood. All that comes during the time away a and during the burst of"
                        + " b frames after it needs one of the N chunks: N / (a + b (w + u)) frames a second. And all that"
                        + " comes in a period T has to be worked off in the rest of it: (1 - a / T) / (w + u). The smaller"
                        + " one counts.");
        for (int work : WORKS) {
            page.figure(
                    "rate-" + work,
                    chart(results, earlier, work),
                    "The largest rate without a dry fill ring against the pool's size, with " + work
                            + " ns of work a frame; dashed the model. Bars: all rounds.");
        }
        page.figure(
                "pinned",
                pinned(results),
                "Memory pinned for each frame that was under way at the busiest moment of that rate: all chunks of the"
                        + " pool, by the most frames that waited.");
        table(results, page);
        return summary(results, page);
    }

    private static Chart chart(Results results, @Nullable Results earlier, int work) {
        List<Series> series = new ArrayList<>();
        for (int i = 0; i < AWAYS.size(); i++) {
            int away = AWAYS.get(i);
            series.add(series(results, "away " + away + " \u00b5s", Look.LINE, work, away, i, "rate"));
            List<Point> points = points(results, work, away);
            series.add(Series.of(
                    "",
                    Look.LAW,
                    i,
                    points.stream().map(p -> (double) p.number("chunks")).toList(),
                    points.stream()
                            .map(p -> model(p, results.median(p, "upkeep")))
                            .toList()));
            if (earlier != null) {
                series.add(series(earlier, "", Look.EARLIER, work, away, i, "rate"));
            }
        }
        return new Chart(
                "Largest rate without a dry fill ring, " + work + " ns of work a frame",
                Axis.log2("chunks in the pool"),
                Axis.log10("frames a second"),
                series);
    }

    private static Chart pinned(Results results) {
        List<Series> series = new ArrayList<>();
        for (int i = 0; i < AWAYS.size(); i++) {
            int away = AWAYS.get(i);
            List<Point> points = points(results, WORKS.getFirst(), away);
            series.add(Series.of(
                    "away " + away + " \u00b5s",
                    Look.LINE,
                    i,
                    points.stream().map(p -> (double) p.number("chunks")).toList(),
                    points.stream().map(p -> pinnedBytes(results, p)).toList()));
        }
        return new Chart(
                "Memory pinned a frame under way, " + WORKS.getFirst() + " ns of work a frame",
                Axis.log2("chunks in the pool"),
                Axis.log10("bytes a frame"),
                series);
    }

    private static double pinnedBytes(Results results, Point point) {
        return (double) point.number("chunks") * Pool.CHUNK_BYTES / Math.max(1, results.median(point, "inflight"));
    }

    private static Series series(Results of, String label, Look look, int work, int away, int colour, String metric) {
        List<Point> points = points(of, work, away);
        return new Series(
                label,
                points.stream().map(p -> (double) p.number("chunks")).toList(),
                points.stream().map(p -> of.median(p, metric)).toList(),
                points.stream().map(p -> of.least(p, metric)).toList(),
                points.stream().map(p -> of.most(p, metric)).toList(),
                look,
                colour);
    }

    private static void table(Results results, Page page) {
        List<List<String>> rows = new ArrayList<>();
        for (int work : WORKS) {
            for (int away : AWAYS) {
                for (Point point : points(results, work, away)) {
                    double model = model(point, results.median(point, "upkeep"));
                    double rate = results.median(point, "rate");
                    rows.add(List.of(
                            work + " ns, " + away + " \u00b5s, " + point.number("chunks"),
                            number(rate),
                            number(model),
                            ratio(rate / model),
                            number(results.median(point, "upkeep")),
                            number(results.median(point, "cycles")),
                            number(results.median(point, "inflight")),
                            number(pinnedBytes(results, point))));
                }
            }
        }
        page.table(
                List.of(
                        "work, away, chunks",
                        "frames/s, measured",
                        "by the model",
                        "measured / model",
                        "upkeep, ns/frame",
                        "cycles/frame, flooded",
                        "most under way",
                        "pinned bytes/frame under way"),
                rows);
    }

    private static String number(double value) {
        return Double.isNaN(value) ? "\u2013" : String.format(Locale.ROOT, "%,.0f", value);
    }

    private static String ratio(double value) {
        return Double.isNaN(value) ? "\u2013" : String.format(Locale.ROOT, "%.2f", value);
    }

    /** How far the model holds, and what it says of the pool that a port has. */
    private static Map<String, Object> summary(Results results, Page page) {
        Map<String, Object> summary = new LinkedHashMap<>();
        List<String> sentences = new ArrayList<>();
        for (int work : WORKS) {
            for (int away : AWAYS) {
                List<Point> points = points(results, work, away);
                double[] ratios = points.stream()
                        .mapToDouble(p -> results.median(p, "rate") / model(p, results.median(p, "upkeep")))
                        .filter(Double::isFinite)
                        .sorted()
                        .toArray();
                if (ratios.length > 0) {
                    Map<String, Object> map = new LinkedHashMap<>();
                    map.put("leastOfModel", ratios[0]);
                    map.put("mostOfModel", ratios[ratios.length - 1]);
                    summary.put("work " + work + " away " + away, map);
                    sentences.add(String.format(
                            Locale.ROOT,
                            "%d ns of work, %d \u00b5s away: measured %.2f to %.2f of the model.",
                            work,
                            away,
                            ratios[0],
                            ratios[ratios.length - 1]));
                } else {
                    sentences.add(work + " ns of work, " + away
                            + " \u00b5s away: no rate was found at which the ring never ran"
                            + " dry. Something else used the processor.");
                }
            }
        }
        page.section("What it comes to").list(sentences);
        return summary;
    }
}
