package io.annulet.cli.study.report;

import java.awt.BasicStroke;
import java.awt.Color;
import java.awt.Font;
import java.awt.Graphics2D;
import java.awt.RenderingHints;
import java.awt.geom.AffineTransform;
import java.awt.geom.Ellipse2D;
import java.awt.geom.Line2D;
import java.awt.geom.Path2D;
import java.awt.geom.Rectangle2D;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.stream.Stream;
import javax.imageio.ImageIO;

/** Paints a chart into an image, at twice its size so that print shows no steps. */
final class ImageCanvas implements Canvas {

    private static final int SCALE = 2;

    private final BufferedImage image;
    private final Graphics2D graphics;

    ImageCanvas(int width, int height) {
        image = new BufferedImage(SCALE * width, SCALE * height, BufferedImage.TYPE_INT_RGB);
        graphics = image.createGraphics();
        graphics.setRenderingHint(RenderingHints.KEY_ANTIALIASING, RenderingHints.VALUE_ANTIALIAS_ON);
        graphics.setRenderingHint(RenderingHints.KEY_TEXT_ANTIALIASING, RenderingHints.VALUE_TEXT_ANTIALIAS_ON);
        graphics.setRenderingHint(RenderingHints.KEY_STROKE_CONTROL, RenderingHints.VALUE_STROKE_PURE);
        graphics.scale(SCALE, SCALE);
    }

    void write(Path file) throws IOException {
        graphics.dispose();
        try (var out = Files.newOutputStream(file)) {
            if (!ImageIO.write(Palette.reduce(image), "png", out)) {
                throw new IOException("this Java writes no PNG");
            }
        } catch (UncheckedIOException e) {
            throw new IOException(e);
        }
    }

    private void stroke(int colour, double width, Stroke stroke) {
        graphics.setColor(new Color(colour));
        String pattern = stroke.pattern();
        if (pattern.isEmpty()) {
            graphics.setStroke(new BasicStroke((float) width, BasicStroke.CAP_BUTT, BasicStroke.JOIN_ROUND));
            return;
        }
        double[] lengths = Stream.of(pattern.split(" ", -1))
                .mapToDouble(Double::parseDouble)
                .toArray();
        float[] dashes = {(float) lengths[0], (float) lengths[1]};
        graphics.setStroke(new BasicStroke((float) width, BasicStroke.CAP_BUTT, BasicStroke.JOIN_ROUND, 1, dashes, 0));
    }

    @Override
    public void rectangle(double x, double y, double width, double height, int fill) {
        graphics.setColor(new Color(fill));
        graphics.fill(new Rectangle2D.Double(x, y, width, height));
    }

    @Override
    public void line(double x1, double y1, double x2, double y2, int colour, double width) {
        stroke(colour, width, Stroke.SOLID);
        graphics.draw(new Line2D.Double(x1, y1, x2, y2));
    }

    @Override
    public void polyline(double[] xs, double[] ys, int colour, double width, Stroke stroke) {
        stroke(colour, width, stroke);
        graphics.draw(path(xs, ys));
    }

    @Override
    public void polygon(double[] xs, double[] ys, int colour, boolean filled) {
        Path2D path = path(xs, ys);
        path.closePath();
        graphics.setColor(filled ? new Color(colour) : Color.WHITE);
        graphics.fill(path);
        stroke(colour, 1.4, Stroke.SOLID);
        graphics.draw(path);
    }

    private static Path2D path(double[] xs, double[] ys) {
        Path2D path = new Path2D.Double();
        for (int i = 0; i < xs.length; i++) {
            if (i == 0) {
                path.moveTo(xs[i], ys[i]);
            } else {
                path.lineTo(xs[i], ys[i]);
            }
        }
        return path;
    }

    @Override
    public void circle(double x, double y, double radius, int colour, boolean filled) {
        Ellipse2D circle = new Ellipse2D.Double(x - radius, y - radius, 2 * radius, 2 * radius);
        graphics.setColor(filled ? new Color(colour) : Color.WHITE);
        graphics.fill(circle);
        stroke(colour, 1.4, Stroke.SOLID);
        graphics.draw(circle);
    }

    @Override
    public void text(double x, double y, String text, double size, Anchor anchor, boolean bold, int colour) {
        graphics.setFont(new Font(Font.SANS_SERIF, bold ? Font.BOLD : Font.PLAIN, 1).deriveFont((float) size));
        graphics.setColor(new Color(colour));
        double width = graphics.getFontMetrics().getStringBounds(text, graphics).getWidth();
        double start = switch (anchor) {
            case START -> x;
            case MIDDLE -> x - width / 2;
            case END -> x - width;
        };
        graphics.drawString(text, (float) start, (float) y);
    }

    @Override
    public void upward(double x, double y, String text, double size, int colour) {
        AffineTransform before = graphics.getTransform();
        graphics.translate(x, y);
        graphics.rotate(-Math.PI / 2);
        text(0, 0, text, size, Anchor.MIDDLE, false, colour);
        graphics.setTransform(before);
    }

    @Override
    public String toString() {
        return String.format(Locale.ROOT, "image of %d by %d", image.getWidth(), image.getHeight());
    }
}
