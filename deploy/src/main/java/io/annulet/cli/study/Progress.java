package io.annulet.cli.study;

import java.io.PrintWriter;
import java.util.Locale;
import java.util.concurrent.TimeUnit;

/**
 * How far long work has come, on the error stream: a bar on a terminal, else a line for each tenth; owned by the thread
 * that does the work.
 */
final class Progress {

    private static final int WIDTH = 40;
    private static final long REFRESH_NANOS = TimeUnit.MILLISECONDS.toNanos(200);

    private final PrintWriter err;
    private final boolean terminal;
    private int total;
    private int done;
    private int tenth;
    private long beganNanos;
    private long shownNanos;

    Progress(PrintWriter err, boolean terminal) {
        this.err = err;
        this.terminal = terminal;
    }

    void begin(int steps) {
        total = steps;
        beganNanos = System.nanoTime();
        shownNanos = beganNanos - REFRESH_NANOS;
    }

    void step() {
        done++;
        long now = System.nanoTime();
        if (terminal && now - shownNanos >= REFRESH_NANOS) {
            shownNanos = now;
            int filled = (int) ((long) WIDTH * done / total);
            err.print("\r[" + "#".repeat(filled) + " ".repeat(WIDTH - filled) + "] " + done + "/" + total + left(now)
                    + "   ");
            err.flush();
        } else if (!terminal && 10L * done / total > tenth) {
            tenth = (int) (10L * done / total);
            err.println(done + " of " + total + " measurements done" + left(now));
            err.flush();
        }
    }

    private String left(long now) {
        long seconds = TimeUnit.NANOSECONDS.toSeconds((now - beganNanos) / done * (total - done));
        return done == total ? "" : String.format(Locale.ROOT, ", about %d s left", seconds);
    }

    void end() {
        if (terminal && total > 0) {
            err.println();
            err.flush();
        }
    }
}
