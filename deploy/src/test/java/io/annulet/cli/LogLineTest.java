package io.annulet.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.spi.LoggingEvent;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.slf4j.event.KeyValuePair;

final class LogLineTest {
    @Test
    void holdsTimeLevelShortNameMessageAndPairs() {
        LoggingEvent event = event("opened", null);
        event.setKeyValuePairs(List.of(
                new KeyValuePair("port", "a"),
                new KeyValuePair("session", 3L),
                new KeyValuePair("why", "new \"one\"")));
        assertEquals(
                "2026-01-31T12:00:00.000Z WARN  Session a: opened session=3 why=\"new \\\"one\\\"\"\n",
                new LogLine().doLayout(event));
    }

    @Test
    void asAnObjectItHasThemByName() throws IOException {
        LoggingEvent event = event("what a\n\"peer\" sent", new IllegalStateException("why"));
        event.setKeyValuePairs(List.of(new KeyValuePair("port", "a"), new KeyValuePair("session", 3L)));
        String line = new LogJson().doLayout(event);
        assertEquals(line.length() - 1, line.indexOf('\n'), "one line");
        JsonNode object = new ObjectMapper().readTree(line);
        assertEquals("2026-01-31T12:00:00Z", object.get("time").asText());
        assertEquals("WARN", object.get("level").asText());
        assertEquals("io.annulet.backend.control.Session", object.get("logger").asText());
        assertEquals("what a\n\"peer\" sent", object.get("message").asText());
        assertEquals("a", object.get("port").asText());
        assertEquals(3, object.get("session").asInt());
        assertTrue(object.get("error").asText().contains("IllegalStateException: why"), line);
    }

    @Test
    void whatAPeerSentCannotForgeALine() {
        assertEquals(
                "2026-01-31T12:00:00.000Z WARN  Session name a\\n2026 INFO\\u001b[2J\n",
                new LogLine().doLayout(event("name a\n2026 INFO\u001b[2J", null)));
    }

    @Test
    void stackTraceFollowsItsLine() {
        String lines = new LogLine().doLayout(event("failed", new IllegalStateException("why")));
        assertTrue(lines.contains(" failed\njava.lang.IllegalStateException: why\n\tat "), lines);
    }

    private static LoggingEvent event(String message, @Nullable Throwable thrown) {
        LoggerContext context = new LoggerContext();
        LoggingEvent event = new LoggingEvent(
                "", context.getLogger("io.annulet.backend.control.Session"), Level.WARN, message, thrown, null);
        event.setInstant(Instant.parse("2026-01-31T12:00:00Z"));
        return event;
    }
}
