package io.annulet.backend.control;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The log lines about one port, so many a second at most; owned by the control thread. */
final class PortLog {

    private static final Logger LOG = LoggerFactory.getLogger(PortLog.class);
    private static final long WINDOW_NANOS = 1_000_000_000;

    private final String port;
    private final int linesAWindow;
    private long windowStartNanos = System.nanoTime();
    private int lines;
    private long leftOut;

    PortLog(String port, int linesASecond) {
        this.port = port;
        this.linesAWindow = linesASecond;
    }

    void info(String line) {
        if (permit(System.nanoTime())) {
            LOG.info("{}: {}", port, line);
        }
    }

    void warn(String line) {
        if (permit(System.nanoTime())) {
            LOG.warn("{}: {}", port, line);
        }
    }

    void error(String line, Throwable ours) {
        if (permit(System.nanoTime())) {
            LOG.error("{}: {}", port, line, ours);
        }
    }

    /** Whether a line may be written now; the first one after a pause tells how many were not. */
    boolean permit(long nowNanos) {
        if (nowNanos - windowStartNanos >= WINDOW_NANOS) {
            windowStartNanos = nowNanos;
            lines = 0;
            if (leftOut > 0) {
                LOG.warn("{}: {} lines left out", port, leftOut);
                leftOut = 0;
                lines = 1;
            }
        }
        if (lines < linesAWindow) {
            lines++;
            return true;
        }
        leftOut++;
        return false;
    }
}
