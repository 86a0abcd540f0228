package io.annulet.cli.study.report;

/** What a chart is drawn on. Lengths are pixels from the upper left corner, colours 0xRRGGBB. */
interface Canvas {

    /** Where a text stands relative to its place. */
    enum Anchor {
        START,
        MIDDLE,
        END
    }

    /** A line's look. */
    enum Stroke {
        SOLID(""),
        DASHED("6 4"),
        DOTTED("1.5 3");

        private final String pattern;

        Stroke(String pattern) {
            this.pattern = pattern;
        }

        /** Lengths of dashes and gaps, separated by blanks; empty for a line without gaps. */
        String pattern() {
            return pattern;
        }
    }

    void rectangle(double x, double y, double width, double height, int fill);

    void line(double x1, double y1, double x2, double y2, int colour, double width);

    void polyline(double[] xs, double[] ys, int colour, double width, Stroke stroke);

    /** A closed shape. */
    void polygon(double[] xs, double[] ys, int colour, boolean filled);

    void circle(double x, double y, double radius, int colour, boolean filled);

    void text(double x, double y, String text, double size, Anchor anchor, boolean bold, int colour);

    /** A text that runs upward. */
    void upward(double x, double y, String text, double size, int colour);
}
