package io.annulet.backend.control;

import io.annulet.backend.events.PortEvent;
import io.annulet.vhostuser.VhostUserRequest;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.spi.LoggingEventBuilder;

/**
 * The log lines about one port, so many a second at most; owned by the control thread. Each carries the port, and the number
 * of its session while there is one, as pairs of their own.
 */
final class PortLog {

    private static final Logger LOG = LoggerFactory.getLogger(PortLog.class);
    private static final long WINDOW_NANOS = 1_000_000_000;

    private final String port;
    private final FlightRecorder recorder;
    private final int linesAWindow;
    private long windowStartNanos = System.nanoTime();
    private int lines;
    private long leftOut;
    private boolean hasSession;

    PortLog(String port, int linesASecond) {
        this.port = port;
        this.recorder = new FlightRecorder(port);
        this.linesAWindow = linesASecond;
    }

    /** Has every line, those left out too, and what else happens. */
    FlightRecorder recorder() {
        return recorder;
    }

    /** From now on lines are about the next session, of a front-end in this process. */
    void beginSession(int processId) {
        hasSession = true;
        recorder.connected(processId);
        new PortEvent.SessionUp(port, recorder.session(), processId).commit();
        info("front-end connected, process " + processId);
    }

    void endSession(String line) {
        new PortEvent.SessionDown(port, recorder.session(), line).commit();
        info(line);
        hasSession = false;
    }

    /** For who records events of this process. */
    void fault(String what) {
        new PortEvent.Fault(port, recorder.session(), what).commit();
    }

    /** A complete message, before it is served. */
    void message(Message message) {
        recorder.message(message);
        VhostUserRequest request = message.request();
        boolean isReset = request == VhostUserRequest.RESET_DEVICE
                || (request == VhostUserRequest.SET_STATUS
                        && message.payloadByteLength() == Long.BYTES
                        && message.u64() == 0);
        if (request != null && isReset) {
            new PortEvent.Reset(port, recorder.session(), request.name()).commit();
        }
    }

    private LoggingEventBuilder about(LoggingEventBuilder event) {
        LoggingEventBuilder ours = event.addKeyValue("port", port);
        return hasSession ? ours.addKeyValue("session", recorder.session()) : ours;
    }

    void info(String line) {
        recorder.note("info", line);
        if (permit(System.nanoTime())) {
            about(LOG.atInfo()).log(line);
        }
    }

    void warn(String line) {
        recorder.note("warn", line);
        if (permit(System.nanoTime())) {
            about(LOG.atWarn()).log(line);
        }
    }

    void error(String line, Throwable ours) {
        recorder.note("error", line + ": " + ours);
        if (permit(System.nanoTime())) {
            about(LOG.atError()).setCause(ours).log(line);
        }
    }

    /** Whether a line may be written now; the first one after a pause tells how many were not. */
    boolean permit(long nowNanos) {
        if (nowNanos - windowStartNanos >= WINDOW_NANOS) {
            windowStartNanos = nowNanos;
            lines = 0;
            if (leftOut > 0) {
                about(LOG.atWarn()).log("{} lines left out", leftOut);
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
