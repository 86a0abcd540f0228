package io.annulet.cli.channel;

import io.annulet.cli.Terminal;
import java.io.PrintWriter;
import java.util.Locale;
import java.util.concurrent.TimeUnit;

/** Shows how far a file is: a bar that is painted over on a terminal, else a line for each quarter. Of its command's thread. */
final class TransferProgress {
    private static final int WIDTH = 40;
    private static final long PAINT_NANOS = TimeUnit.MILLISECONDS.toNanos(100);
    private static final int QUARTERS = 4;

    private final PrintWriter out;
    private final long total;
    private final boolean isTerminal = Terminal.isStandardError();
    private final long startNanos = System.nanoTime();
    private long from;
    private long paintedNanos;
    private long shownQuarter;

    TransferProgress(PrintWriter out, long total, long from) {
        this.out = out;
        this.total = total;
        this.from = from;
        this.shownQuarter = quarter(from);
    }

    /** After a new handshake: what was counted before counts no more for the speed. */
    void resumeAt(long position) {
        from = Math.min(from, position);
    }

    void at(long position) {
        long now = System.nanoTime();
        if (isTerminal && (now - paintedNanos >= PAINT_NANOS || position == total)) {
            paintedNanos = now;
            int full = total == 0 ? WIDTH : (int) (WIDTH * position / total);
            out.print("\r[" + "#".repeat(full) + " ".repeat(WIDTH - full) + "] " + state(position, now));
            out.print(position == total ? "\n" : "");
            out.flush();
        } else if (!isTerminal && quarter(position) > shownQuarter) {
            shownQuarter = quarter(position);
            out.println(state(position, now));
            out.flush();
        }
    }

    private long quarter(long position) {
        return total == 0 ? QUARTERS : QUARTERS * position / total;
    }

    private String state(long position, long now) {
        double seconds = Math.max(1, now - startNanos) / 1e9;
        return String.format(
                Locale.ROOT,
                "%3d %%, %d of %d MB, %.1f MB/s",
                total == 0 ? 100 : 100 * position / total,
                position / 1_000_000,
                total / 1_000_000,
                (position - from) / 1e6 / seconds);
    }
}
