package io.annulet.cli.study.report;

import java.util.Locale;

/**
 * Writes a chart as SVG: lines and text as such, so that it stays small and its text can be searched. Lines of one style that
 * follow each other are one path; a chart has a hundred lines of its grid.
 */
final class SvgCanvas implements Canvas {

    private final StringBuilder svg = new StringBuilder();
    private String style = "";

    /** @param label what the picture shows, for those who cannot see it */
    SvgCanvas(int width, int height, String label) {
        svg.append(String.format(
                Locale.ROOT,
                "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" width=\"%d\" height=\"%d\" role=\"img\""
                        + " aria-label=\"%s\" font-family=\"Helvetica, Arial, sans-serif\">\n",
                width,
                height,
                width,
                height,
                escape(label)));
    }

    /** The whole file. */
    String finish() {
        endPath();
        return svg.append("</svg>\n").toString();
    }

    static String escape(String text) {
        return text.replace("&", "&amp;")
                .replace("<", "&lt;")
                .replace(">", "&gt;")
                .replace("\"", "&quot;");
    }

    private static String number(double value) {
        String text = String.format(Locale.ROOT, "%.1f", value);
        return text.endsWith(".0") ? text.substring(0, text.length() - 2) : text;
    }

    private static String colour(int colour) {
        return String.format("#%06x", colour);
    }

    private void add(String element) {
        endPath();
        svg.append(element).append('\n');
    }

    @Override
    public void rectangle(double x, double y, double width, double height, int fill) {
        add(String.format(
                Locale.ROOT,
                "<rect x=\"%s\" y=\"%s\" width=\"%s\" height=\"%s\" fill=\"%s\"/>",
                number(x),
                number(y),
                number(width),
                number(height),
                colour(fill)));
    }

    @Override
    public void line(double x1, double y1, double x2, double y2, int colour, double width) {
        String wanted = String.format("stroke=\"%s\" stroke-width=\"%s\"", colour(colour), number(width));
        if (!style.equals(wanted)) {
            endPath();
            svg.append("<path ").append(wanted).append(" d=\"");
            style = wanted;
        }
        svg.append(String.format("M%s %sL%s %s", number(x1), number(y1), number(x2), number(y2)));
    }

    private void endPath() {
        svg.append(style.isEmpty() ? "" : "\"/>\n");
        style = "";
    }

    @Override
    public void polyline(double[] xs, double[] ys, int colour, double width, Stroke stroke) {
        String dashes = stroke == Stroke.SOLID ? "" : " stroke-dasharray=\"" + stroke.pattern() + "\"";
        add(String.format(
                Locale.ROOT,
                "<polyline points=\"%s\" fill=\"none\" stroke=\"%s\" stroke-width=\"%s\"%s/>",
                points(xs, ys),
                colour(colour),
                number(width),
                dashes));
    }

    @Override
    public void polygon(double[] xs, double[] ys, int colour, boolean filled) {
        add(String.format(
                Locale.ROOT,
                "<polygon points=\"%s\" fill=\"%s\" stroke=\"%s\" stroke-width=\"1.4\"/>",
                points(xs, ys),
                filled ? colour(colour) : "#fff",
                colour(colour)));
    }

    private static String points(double[] xs, double[] ys) {
        StringBuilder points = new StringBuilder();
        for (int i = 0; i < xs.length; i++) {
            points.append(i == 0 ? "" : " ").append(number(xs[i])).append(',').append(number(ys[i]));
        }
        return points.toString();
    }

    @Override
    public void circle(double x, double y, double radius, int colour, boolean filled) {
        add(String.format(
                Locale.ROOT,
                "<circle cx=\"%s\" cy=\"%s\" r=\"%s\" fill=\"%s\" stroke=\"%s\" stroke-width=\"1.4\"/>",
                number(x),
                number(y),
                number(radius),
                filled ? colour(colour) : "#fff",
                colour(colour)));
    }

    @Override
    public void text(double x, double y, String text, double size, Anchor anchor, boolean bold, int colour) {
        String place = anchor == Anchor.START ? "" : anchor == Anchor.MIDDLE ? "middle" : "end";
        add(String.format(
                Locale.ROOT,
                "<text x=\"%s\" y=\"%s\" font-size=\"%s\" fill=\"%s\"%s%s>%s</text>",
                number(x),
                number(y),
                number(size),
                colour(colour),
                place.isEmpty() ? "" : " text-anchor=\"" + place + "\"",
                bold ? " font-weight=\"bold\"" : "",
                escape(text)));
    }

    @Override
    public void upward(double x, double y, String text, double size, int colour) {
        add(String.format(
                Locale.ROOT,
                "<text transform=\"translate(%s %s) rotate(-90)\" text-anchor=\"middle\" font-size=\"%s\""
                        + " fill=\"%s\">%s</text>",
                number(x),
                number(y),
                number(size),
                colour(colour),
                escape(text)));
    }
}
