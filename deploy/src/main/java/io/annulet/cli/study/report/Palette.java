package io.annulet.cli.study.report;

import java.awt.image.BufferedImage;
import java.awt.image.IndexColorModel;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Brings an image down to the 256 colours it has most of, stateless. A chart has few colours and many steps between them
 * and white at the edges of lines; without the rare ones nobody sees a difference, and the file is a third as large.
 */
final class Palette {

    private static final int MOST_COLOURS = 256;
    private static final int OPAQUE = 0xff000000;

    private Palette() {}

    static BufferedImage reduce(BufferedImage image) {
        int width = image.getWidth();
        int height = image.getHeight();
        int[] pixels = image.getRGB(0, 0, width, height, null, 0, width);
        Map<Integer, Integer> counts = new HashMap<>();
        for (int pixel : pixels) {
            counts.merge(pixel | OPAQUE, 1, Integer::sum);
        }
        List<Integer> colours = counts.entrySet().stream()
                .sorted(Map.Entry.<Integer, Integer>comparingByValue(Comparator.reverseOrder())
                        .thenComparing(Map.Entry.comparingByKey()))
                .limit(MOST_COLOURS)
                .map(Map.Entry::getKey)
                .toList();
        Map<Integer, Integer> places = new HashMap<>();
        for (int colour : counts.keySet()) {
            places.put(colour, nearest(colours, colour));
        }
        int[] palette = colours.stream().mapToInt(Integer::intValue).toArray();
        BufferedImage reduced = new BufferedImage(
                width,
                height,
                BufferedImage.TYPE_BYTE_INDEXED,
                new IndexColorModel(8, palette.length, palette, 0, false, -1, 0));
        int[] row = new int[width];
        for (int y = 0; y < height; y++) {
            for (int x = 0; x < width; x++) {
                row[x] = places.getOrDefault(pixels[y * width + x] | OPAQUE, 0);
            }
            reduced.getRaster().setPixels(0, y, width, 1, row);
        }
        return reduced;
    }

    private static int nearest(List<Integer> colours, int wanted) {
        int best = 0;
        int least = Integer.MAX_VALUE;
        for (int i = 0; i < colours.size() && least > 0; i++) {
            int distance = distance(colours.get(i), wanted);
            if (distance < least) {
                least = distance;
                best = i;
            }
        }
        return best;
    }

    private static int distance(int one, int other) {
        int sum = 0;
        for (int shift = 0; shift < 24; shift += 8) {
            int difference = (one >> shift & 0xff) - (other >> shift & 0xff);
            sum += difference * difference;
        }
        return sum;
    }
}
