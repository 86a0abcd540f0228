package io.annulet.cli.study.report;

import io.annulet.cli.study.report.Canvas.Anchor;
import io.annulet.cli.study.report.Canvas.Stroke;
import io.annulet.cli.study.report.Series.Look;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.DoubleStream;

/**
 * A chart of series over two axes; immutable. Colours are those of Okabe and Ito, which people with any kind of colour
 * vision can tell apart, and each goes with a marker of its own for print without colours.
 */
public record Chart(String title, Axis x, Axis y, List<Series> series) {

    private static final int WIDTH = 840;
    private static final int HEIGHT = 440;
    private static final int LEFT = 78;
    private static final int TOP = 44;
    private static final int BOTTOM = 56;
    private static final int LEGEND = 236;
    private static final int LEGEND_LINE = 20;
    private static final int PLOT_WIDTH = WIDTH - LEFT - LEGEND;
    private static final int PLOT_HEIGHT = HEIGHT - TOP - BOTTOM;

    private static final int[] COLOURS = {
        0x0072b2, 0xd55e00, 0x009e73, 0xcc79a7, 0xb07d00, 0x2f9bd8, 0x444444, 0x8b1a1a, 0x6a51a3
    };
    private static final int INK = 0x222222;
    private static final int GREY = 0x666666;
    private static final int GRID = 0xd8d8d8;
    private static final int FINE_GRID = 0xf0f0f0;
    private static final int WHITE = 0xffffff;
    private static final double MARKER = 4;

    public Chart {
        series = List.copyOf(series);
    }

    /** Whether there is anything to draw. */
    public boolean isEmpty() {
        return series.stream().allMatch(s -> s.drawn(x, y).length == 0);
    }

    /** The chart as an SVG element, which is a file as well. */
    public String toSvg() {
        SvgCanvas canvas = new SvgCanvas(WIDTH, HEIGHT, title);
        draw(canvas);
        return canvas.finish();
    }

    /** Writes the chart as an image. */
    public void writePng(Path file) throws IOException {
        ImageCanvas canvas = new ImageCanvas(WIDTH, HEIGHT);
        draw(canvas);
        canvas.write(file);
    }

    private void draw(Canvas canvas) {
        double[] xRange =
                x.range(values(true).min().orElse(1), values(true).max().orElse(1));
        double[] yRange =
                y.range(values(false).min().orElse(1), values(false).max().orElse(1));
        canvas.rectangle(0, 0, WIDTH, HEIGHT, WHITE);
        canvas.text(LEFT, 24, title, 15, Anchor.START, true, INK);
        drawAxes(canvas, xRange, yRange);
        for (Series each : series) {
            draw(canvas, each, xRange, yRange);
        }
        drawLegend(canvas);
    }

    private DoubleStream values(boolean ofX) {
        return series.stream().flatMapToDouble(s -> {
            int[] drawn = s.drawn(x, y);
            DoubleStream points = DoubleStream.of(Arrays.stream(drawn)
                    .mapToDouble(i -> (ofX ? s.xs() : s.ys()).get(i))
                    .toArray());
            if (ofX || s.low().isEmpty()) {
                return points;
            }
            DoubleStream ends = Arrays.stream(drawn)
                    .mapToObj(i -> new double[] {s.low().get(i), s.high().get(i)})
                    .flatMapToDouble(DoubleStream::of)
                    .filter(y::holds);
            return DoubleStream.concat(points, ends);
        });
    }

    private static double px(double place) {
        return LEFT + place * PLOT_WIDTH;
    }

    private static double py(double place) {
        return TOP + (1 - place) * PLOT_HEIGHT;
    }

    private void drawAxes(Canvas canvas, double[] xRange, double[] yRange) {
        for (double mark : x.fineMarks(xRange)) {
            double at = px(x.place(mark, xRange));
            canvas.line(at, TOP, at, TOP + PLOT_HEIGHT, FINE_GRID, 1);
        }
        for (double mark : y.fineMarks(yRange)) {
            double at = py(y.place(mark, yRange));
            canvas.line(LEFT, at, LEFT + PLOT_WIDTH, at, FINE_GRID, 1);
        }
        for (double mark : x.marks(xRange)) {
            double at = px(x.place(mark, xRange));
            canvas.line(at, TOP, at, TOP + PLOT_HEIGHT, GRID, 1);
            canvas.text(at, TOP + PLOT_HEIGHT + 18, x.label(mark), 12, Anchor.MIDDLE, false, INK);
        }
        for (double mark : y.marks(yRange)) {
            double at = py(y.place(mark, yRange));
            canvas.line(LEFT, at, LEFT + PLOT_WIDTH, at, GRID, 1);
            canvas.text(LEFT - 8, at + 4, y.label(mark), 12, Anchor.END, false, INK);
        }
        canvas.line(LEFT, TOP, LEFT, TOP + PLOT_HEIGHT, INK, 1.2);
        canvas.line(LEFT, TOP + PLOT_HEIGHT, LEFT + PLOT_WIDTH, TOP + PLOT_HEIGHT, INK, 1.2);
        canvas.text(LEFT + PLOT_WIDTH / 2.0, HEIGHT - 14, x.title(), 13, Anchor.MIDDLE, false, INK);
        canvas.upward(20, TOP + PLOT_HEIGHT / 2.0, y.title(), 13, INK);
    }

    private void draw(Canvas canvas, Series each, double[] xRange, double[] yRange) {
        int[] drawn = each.drawn(x, y);
        double[] xs = new double[drawn.length];
        double[] ys = new double[drawn.length];
        int colour = COLOURS[each.colour() % COLOURS.length];
        for (int i = 0; i < drawn.length; i++) {
            xs[i] = px(x.place(each.xs().get(drawn[i]), xRange));
            ys[i] = py(y.place(each.ys().get(drawn[i]), yRange));
            drawSpread(canvas, each, drawn[i], xs[i], yRange, colour);
        }
        drawLine(canvas, each.look(), xs, ys, colour);
        if (hasMarkers(each.look())) {
            for (int i = 0; i < drawn.length; i++) {
                marker(canvas, each.colour(), xs[i], ys[i], colour, each.look() != Look.HOLLOW);
            }
        }
    }

    private void drawSpread(Canvas canvas, Series each, int point, double at, double[] yRange, int colour) {
        if (each.low().isEmpty()
                || !y.holds(each.low().get(point))
                || !y.holds(each.high().get(point))) {
            return;
        }
        double bottom = py(y.place(each.low().get(point), yRange));
        double top = py(y.place(each.high().get(point), yRange));
        if (bottom - top > 2 * MARKER) {
            canvas.line(at, bottom, at, top, colour, 1);
            canvas.line(at - 3, bottom, at + 3, bottom, colour, 1);
            canvas.line(at - 3, top, at + 3, top, colour, 1);
        }
    }

    private static void drawLine(Canvas canvas, Look look, double[] xs, double[] ys, int colour) {
        if (xs.length == 0) {
            return;
        }
        switch (look) {
            case LINE -> canvas.polyline(xs, ys, colour, 1.8, Stroke.SOLID);
            case LAW -> canvas.polyline(xs, ys, colour, 1.6, Stroke.DASHED);
            case EARLIER -> canvas.polyline(xs, ys, colour, 1.6, Stroke.DOTTED);
            case POINTS, HOLLOW -> {}
        }
    }

    private static boolean hasMarkers(Look look) {
        return look == Look.LINE || look == Look.POINTS || look == Look.HOLLOW;
    }

    private static void marker(Canvas canvas, int kind, double x, double y, int colour, boolean filled) {
        double r = MARKER;
        switch (kind % 5) {
            case 0 -> canvas.circle(x, y, r, colour, filled);
            case 1 ->
                canvas.polygon(
                        new double[] {x - r, x + r, x + r, x - r},
                        new double[] {y - r, y - r, y + r, y + r},
                        colour,
                        filled);
            case 2 ->
                canvas.polygon(
                        new double[] {x, x + 1.2 * r, x - 1.2 * r},
                        new double[] {y - 1.2 * r, y + r, y + r},
                        colour,
                        filled);
            case 3 ->
                canvas.polygon(
                        new double[] {x, x + 1.3 * r, x, x - 1.3 * r},
                        new double[] {y - 1.3 * r, y, y + 1.3 * r, y},
                        colour,
                        filled);
            default ->
                canvas.polygon(
                        new double[] {x, x + 1.2 * r, x - 1.2 * r},
                        new double[] {y + 1.2 * r, y - r, y - r},
                        colour,
                        filled);
        }
    }

    private void drawLegend(Canvas canvas) {
        double at = TOP + 10;
        double left = LEFT + PLOT_WIDTH + 14;
        for (Series each : series) {
            if (each.name().isEmpty() || each.drawn(x, y).length == 0) {
                continue;
            }
            int colour = COLOURS[each.colour() % COLOURS.length];
            double[] xs = {left, left + 26};
            drawLine(canvas, each.look(), xs, new double[] {at, at}, colour);
            if (hasMarkers(each.look())) {
                marker(canvas, each.colour(), left + 13, at, colour, each.look() != Look.HOLLOW);
            }
            canvas.text(
                    left + 34, at + 4, each.name(), 12, Anchor.START, false, each.look() == Look.EARLIER ? GREY : INK);
            at += LEGEND_LINE;
        }
    }
}
