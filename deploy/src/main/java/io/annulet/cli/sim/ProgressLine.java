package io.annulet.cli.sim;

import io.annulet.cli.Terminal;
import io.annulet.guest.traffic.Quantities;
import io.annulet.guest.traffic.TrafficProgress;
import java.io.PrintWriter;

/** One line on standard error that is painted over as the work goes on; nothing if that is no terminal. Used by one thread. */
final class ProgressLine implements TrafficProgress.Listener {

    private static final long REFRESH_NANOS = 100_000_000;
    private static final int BAR = 24;
    private static final String CLEAR_LINE = "\r\033[K";

    private final PrintWriter err;
    private final boolean isShown;
    private long lastNanos = System.nanoTime() - REFRESH_NANOS;
    private boolean isDirty;

    ProgressLine(PrintWriter err) {
        this(err, Terminal.isStandardError());
    }

    ProgressLine(PrintWriter err, boolean isShown) {
        this.err = err;
        this.isShown = isShown;
    }

    @Override
    public void onProgress(TrafficProgress progress) {
        long nowNanos = System.nanoTime();
        if (isShown && nowNanos - lastNanos >= REFRESH_NANOS) {
            lastNanos = nowNanos;
            isDirty = true;
            err.print(CLEAR_LINE + format(progress));
            err.flush();
        }
    }

    static String format(TrafficProgress progress) {
        return progress.phase() + bar(progress.share()) + ": sent " + Quantities.count((double) progress.sent())
                + ", received " + Quantities.count((double) progress.received());
    }

    /** Nothing if nobody knows how far it is. */
    private static String bar(double share) {
        if (share < 0) {
            return "";
        }
        int filled = (int) Math.round(BAR * Math.min(share, 1));
        return " [" + "=".repeat(filled) + " ".repeat(BAR - filled) + "] " + Math.round(100 * share) + " %";
    }

    /** Takes the line away. */
    void clear() {
        if (isDirty) {
            isDirty = false;
            err.print(CLEAR_LINE);
            err.flush();
        }
    }
}
