package io.annulet.cli;

import io.annulet.linux.LinuxException;
import io.annulet.linux.NotifySocket;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The service manager that started this process, systemd or one that speaks as it does, if there is one: what it is told by
 * the protocol of sd_notify(3), and what it wants to be told, sd_watchdog_enabled(3). Any thread.
 */
final class ServiceManager implements AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(ServiceManager.class);
    private static final int SIGNS_A_PERIOD = 3;

    private final @Nullable NotifySocket socket;
    private final @Nullable Duration watchdog;

    private ServiceManager(@Nullable NotifySocket socket, @Nullable Duration watchdog) {
        this.socket = socket;
        this.watchdog = watchdog;
    }

    /** By the variables NOTIFY_SOCKET, WATCHDOG_USEC and WATCHDOG_PID. One that is not there is told nothing. */
    static ServiceManager of(Map<String, String> environment, long processId) {
        String where = environment.getOrDefault("NOTIFY_SOCKET", "");
        if (where.isEmpty()) {
            return new ServiceManager(null, null);
        }
        try {
            return new ServiceManager(NotifySocket.connect(where), watchdog(environment, processId));
        } catch (LinuxException e) {
            LOG.warn(e.getMessage());
            return new ServiceManager(null, null);
        }
    }

    private static @Nullable Duration watchdog(Map<String, String> environment, long processId) {
        String period = environment.getOrDefault("WATCHDOG_USEC", "");
        String whose = environment.getOrDefault("WATCHDOG_PID", "");
        boolean isOurs = whose.isEmpty() || whose.equals(Long.toString(processId));
        if (!isOurs || !period.matches("[1-9][0-9]{0,17}")) {
            return null;
        }
        return Duration.ofNanos(Math.multiplyExact(Long.parseLong(period) / SIGNS_A_PERIOD + 1, 1_000L));
    }

    /** How often it wants a sign of life, which is three times within the period after which it acts. */
    Optional<Duration> watchdogPeriod() {
        return Optional.ofNullable(watchdog);
    }

    /** Every port is open. */
    void ready(String status) {
        tell("READY=1\nSTATUS=" + status);
    }

    /** A sign of life. */
    void alive() {
        tell("WATCHDOG=1");
    }

    /** The process ends in good order. */
    void stopping() {
        tell("STOPPING=1");
    }

    private void tell(String assignments) {
        if (socket != null && !socket.send(assignments)) {
            LOG.warn(
                    "the service manager did not take {}",
                    assignments.lines().findFirst().orElse(""));
        }
    }

    @Override
    public void close() {
        if (socket != null) {
            socket.close();
        }
    }
}
