package io.annulet.cli.study;

import io.annulet.cli.study.report.Axis;
import io.annulet.cli.study.report.Chart;
import io.annulet.cli.study.report.Page;
import io.annulet.cli.study.report.Series;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** A study of nothing, which notes what it is asked to measure and breaks when it is told to. */
final class FakeStudy implements Study {

    final List<String> measured = new ArrayList<>();
    int roundsOfLargest = 3;
    int breaksAfter = Integer.MAX_VALUE;

    @Override
    public String name() {
        return "fake";
    }

    @Override
    public List<String> parameters() {
        return List.of("kind", "size");
    }

    @Override
    public List<String> metrics() {
        return List.of("ns", "calls");
    }

    @Override
    public List<Point> points() {
        List<Point> points = new ArrayList<>();
        for (String kind : List.of("a", "b")) {
            for (int size = 1; size <= 4; size *= 2) {
                points.add(Point.of("kind", kind, "size", size));
            }
        }
        return points;
    }

    @Override
    public int rounds() {
        return 3;
    }

    @Override
    public int rounds(Point point) {
        return point.number("size") == 4 ? roundsOfLargest : rounds();
    }

    @Override
    public Bench open() {
        return new Bench() {
            @Override
            public Map<String, Double> measure(Point point, boolean counting) {
                if (measured.size() >= breaksAfter) {
                    throw new StudyFailure("it broke");
                }
                measured.add((counting ? "counting " : "") + point);
                return counting ? Map.of("calls", 2.0) : Map.of("ns", 1.5 * point.number("size") + measured.size() % 3);
            }

            @Override
            public void close() {}
        };
    }

    @Override
    public Map<String, Object> report(Results results, @Nullable Results earlier, Page page) {
        List<Point> points = results.points(point -> point.has("kind", "a"));
        List<Double> xs = points.stream().map(p -> (double) p.number("size")).toList();
        List<Series> series = new ArrayList<>();
        series.add(Series.of(
                "now <&>",
                Series.Look.LINE,
                0,
                xs,
                points.stream().map(p -> results.median(p, "ns")).toList()));
        if (earlier != null) {
            series.add(Series.of(
                    "before",
                    Series.Look.EARLIER,
                    0,
                    xs,
                    points.stream().map(p -> earlier.median(p, "ns")).toList()));
        }
        page.figure("size", new Chart("Cost & size", Axis.log2("size"), Axis.linear("ns"), series), "It <grows>.");
        return Map.of("points", points.size());
    }
}
