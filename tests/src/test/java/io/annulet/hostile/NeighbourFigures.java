package io.annulet.hostile;

import io.annulet.journey.Canary;
import io.annulet.journey.Pause;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import org.HdrHistogram.Histogram;

/**
 * What the canary loses, and how long its frames take, while trials run at the port beside it, against when nothing does;
 * used by the thread of the trials.
 *
 * <p>{@code -Dannulet.hostile.quiet.seconds=30}: so long it is alone before the first trial, and once more after the last
 * one. What came of it is printed, and is in build/neighbour.txt. Without the option nothing is measured.
 */
final class NeighbourFigures {

    private static final int QUIET_SECONDS = Integer.getInteger("annulet.hostile.quiet.seconds", 0);
    private static final Path ROOT = Path.of(System.getProperty("annulet.root", ".."));
    private static final double PERCENTILE = 99.9;

    private final Canary canary;
    private final Histogram before;
    private final Histogram during = new Histogram(3);
    private final StringBuilder classes = new StringBuilder();
    private int trials;

    private NeighbourFigures(Canary canary, Histogram before) {
        this.canary = canary;
        this.before = before;
    }

    static NeighbourFigures begin(Canary canary) {
        return new NeighbourFigures(canary, quiet(canary));
    }

    private static Histogram quiet(Canary canary) {
        if (QUIET_SECONDS == 0) {
            return new Histogram(3);
        }
        canary.goOn();
        canary.takeLatencies();
        Pause.millis(1000L * QUIET_SECONDS);
        return canary.takeLatencies();
    }

    void countTrial() {
        trials++;
    }

    void endClass(String name) {
        if (QUIET_SECONDS > 0) {
            Histogram nanos = canary.takeLatencies();
            during.add(nanos);
            classes.append(line(name, nanos));
        }
    }

    /** The judgement itself has the back-end collect its garbage, in which nobody is served: that is not the villain's. */
    static void unheard(Canary canary, Runnable judgement) {
        if (QUIET_SECONDS == 0) {
            judgement.run();
            return;
        }
        canary.restAndCountLost();
        try {
            judgement.run();
        } finally {
            canary.goOn();
        }
    }

    @SuppressWarnings("SystemOut")
    void tell() {
        if (QUIET_SECONDS == 0) {
            return;
        }
        long lost = canary.restAndCountLost();
        Histogram after = quiet(canary);
        Histogram quiet = before.copy();
        quiet.add(after);
        String text = classes
                + line("alone before", before)
                + line("alone after", after)
                + line(trials + " trials beside it", during)
                + String.format(
                        Locale.ROOT,
                        "lost %d of %,d; p99.9 %.2f times that of both quiet times%n",
                        lost,
                        during.getTotalCount(),
                        (double) during.getValueAtPercentile(PERCENTILE) / quiet.getValueAtPercentile(PERCENTILE));
        System.out.print(text);
        try {
            Files.writeString(Files.createDirectories(ROOT.resolve("build")).resolve("neighbour.txt"), text);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static String line(String when, Histogram nanos) {
        return String.format(
                Locale.ROOT,
                "%s: %,d frames, p50 %,d us, p99 %,d us, p99.9 %,d us, max %,d us%n",
                when,
                nanos.getTotalCount(),
                nanos.getValueAtPercentile(50) / 1000,
                nanos.getValueAtPercentile(99) / 1000,
                nanos.getValueAtPercentile(PERCENTILE) / 1000,
                nanos.getMaxValue() / 1000);
    }
}
