package io.annulet.cli;

import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.classic.spi.IThrowableProxy;
import ch.qos.logback.classic.spi.ThrowableProxyUtil;
import ch.qos.logback.core.LayoutBase;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import org.slf4j.event.KeyValuePair;

/**
 * One log line: {@code 2026-01-31T12:00:00.000Z INFO  PortLog a: front-end connected session=1}. Names and messages may hold
 * what a peer sent, so control characters are written as escapes: an event is one line, and a stack trace is the only
 * thing that follows it.
 */
final class LogLine extends LayoutBase<ILoggingEvent> {
    private static final String PORT = "port";
    private static final DateTimeFormatter TIME =
            DateTimeFormatter.ofPattern("uuuu-MM-dd'T'HH:mm:ss.SSS'Z'").withZone(ZoneOffset.UTC);

    @Override
    public String doLayout(ILoggingEvent event) {
        StringBuilder line = new StringBuilder(160);
        TIME.formatTo(Instant.ofEpochMilli(event.getTimeStamp()), line);
        line.append(' ').append(event.getLevel());
        line.append(" ".repeat(6 - event.getLevel().toString().length()));
        String logger = event.getLoggerName();
        line.append(logger, logger.lastIndexOf('.') + 1, logger.length()).append(' ');
        appendPort(line, event);
        appendVisibly(line, event.getFormattedMessage());
        appendPairs(line, event);
        line.append('\n');
        IThrowableProxy thrown = event.getThrowableProxy();
        if (thrown != null) {
            line.append(ThrowableProxyUtil.asString(thrown));
        }
        return line.toString();
    }

    /** The port that a line is about is what a reader looks for first. */
    private static void appendPort(StringBuilder line, ILoggingEvent event) {
        if (event.getKeyValuePairs() != null) {
            for (KeyValuePair pair : event.getKeyValuePairs()) {
                if (pair.key.equals(PORT)) {
                    appendVisibly(line, String.valueOf(pair.value));
                    line.append(": ");
                }
            }
        }
    }

    private static void appendPairs(StringBuilder line, ILoggingEvent event) {
        if (event.getKeyValuePairs() == null) {
            return;
        }
        for (KeyValuePair pair : event.getKeyValuePairs()) {
            if (pair.key.equals(PORT)) {
                continue;
            }
            String value = String.valueOf(pair.value);
            boolean isQuoted = value.isEmpty() || value.indexOf(' ') >= 0 || value.indexOf('"') >= 0;
            line.append(' ').append(pair.key).append('=');
            appendVisibly(line, isQuoted ? '"' + value.replace("\"", "\\\"") + '"' : value);
        }
    }

    private static void appendVisibly(StringBuilder line, String text) {
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            switch (c) {
                case '\n' -> line.append("\\n");
                case '\r' -> line.append("\\r");
                case '\t' -> line.append("\\t");
                default -> appendVisibly(line, c);
            }
        }
    }

    private static void appendVisibly(StringBuilder line, char c) {
        if (Character.isISOControl(c)) {
            line.append(String.format("\\u%04x", (int) c));
        } else {
            line.append(c);
        }
    }
}
