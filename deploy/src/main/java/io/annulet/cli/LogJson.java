package io.annulet.cli;

import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.classic.spi.IThrowableProxy;
import ch.qos.logback.classic.spi.ThrowableProxyUtil;
import ch.qos.logback.core.LayoutBase;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.Map;
import org.slf4j.event.KeyValuePair;

/**
 * One log line as a JSON object, for a collector of logs: {@code time} (UTC, RFC 3339), {@code level}, {@code logger},
 * {@code message}, what else the event tells by name, such as {@code port} and {@code session}, and {@code error} with a stack
 * trace. Used by the thread that logs.
 */
final class LogJson extends LayoutBase<ILoggingEvent> {

    private static final ObjectMapper MAPPER = new ObjectMapper();

    @Override
    public String doLayout(ILoggingEvent event) {
        Map<String, Object> line = new LinkedHashMap<>();
        line.put("time", Instant.ofEpochMilli(event.getTimeStamp()).toString());
        line.put("level", event.getLevel().toString());
        line.put("logger", event.getLoggerName());
        line.put("message", event.getFormattedMessage());
        if (event.getKeyValuePairs() != null) {
            for (KeyValuePair pair : event.getKeyValuePairs()) {
                line.put(pair.key, pair.value instanceof Number ? pair.value : String.valueOf(pair.value));
            }
        }
        IThrowableProxy thrown = event.getThrowableProxy();
        if (thrown != null) {
            line.put("error", ThrowableProxyUtil.asString(thrown));
        }
        try {
            return MAPPER.writeValueAsString(line) + "\n";
        } catch (JsonProcessingException impossible) {
            throw new AssertionError("a map of strings and numbers", impossible);
        }
    }
}
