package io.annulet.backend.control;

import io.annulet.backend.data.RingStanding;
import io.annulet.vhostuser.VhostUserRequest;
import java.nio.ByteBuffer;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The last things that happened between a port and its front-ends: messages, replies, log lines, faults, and where rings
 * stood; owned by the control thread.
 *
 * <p>Its memory is bounded: so many events, and so many bytes of each. The oldest give way.
 */
final class FlightRecorder {

    static final int MOST_EVENTS = 256;

    /** All of a message whose payload has a fixed form; of a longer one this much is kept. */
    static final int MOST_PAYLOAD_BYTES = 512;

    private static final int MOST_TEXT_CHARACTERS = 300;

    /** @param payload in hexadecimal digits */
    private record Event(
            long epochMillis,
            long session,
            String kind,
            String text,
            int id,
            int flags,
            long payloadByteLength,
            @Nullable String payload,
            int descriptors) {}

    private final String port;
    private final Deque<Event> events = new ArrayDeque<>();
    private long session;
    private long forgotten;

    FlightRecorder(String port) {
        this.port = port;
    }

    String port() {
        return port;
    }

    /** How many front-ends have connected; what is recorded from now on is about the last. */
    long session() {
        return session;
    }

    void connected(int processId) {
        session++;
        note("connected", "process " + processId);
    }

    /** A complete message, before it is served. */
    void message(Message message) {
        VhostUserRequest request = message.request();
        add(new Event(
                System.currentTimeMillis(),
                session,
                "message",
                request == null ? "" : request.name(),
                message.id(),
                message.flags(),
                message.payloadByteLength(),
                HexFormat.of().formatHex(message.copyPayload(MOST_PAYLOAD_BYTES)),
                message.fdCount()));
    }

    /** What was answered: a reply with its header. */
    void reply(ByteBuffer whole, int headerByteLength) {
        byte[] payload = new byte[Math.min(MOST_PAYLOAD_BYTES, whole.remaining() - headerByteLength)];
        whole.get(whole.position() + headerByteLength, payload);
        VhostUserRequest request = VhostUserRequest.of(whole.getInt(whole.position()));
        add(new Event(
                System.currentTimeMillis(),
                session,
                "reply",
                request == null ? "" : request.name(),
                whole.getInt(whole.position()),
                whole.getInt(whole.position() + Integer.BYTES),
                whole.remaining() - headerByteLength,
                HexFormat.of().formatHex(payload),
                0));
    }

    /** Anything else, in words. */
    void note(String kind, String text) {
        String kept = text.length() > MOST_TEXT_CHARACTERS ? text.substring(0, MOST_TEXT_CHARACTERS) : text;
        add(new Event(System.currentTimeMillis(), session, kind, kept, 0, 0, 0, null, 0));
    }

    private void add(Event event) {
        if (events.size() == MOST_EVENTS) {
            events.removeFirst();
            forgotten++;
        }
        events.addLast(event);
    }

    /** All of it, as maps, lists, strings and numbers. */
    Map<String, Object> dump(String why, SessionStatus status, List<RingStanding> rings) {
        Map<String, Object> dump = new LinkedHashMap<>();
        dump.put("format", FlightFiles.FORMAT);
        dump.put("port", port);
        dump.put("why", why);
        dump.put("taken", Instant.now().toString());
        dump.put("attached", status.attached());
        dump.put("offered-features", Long.toHexString(status.offeredFeatures()));
        dump.put("acknowledged-features", Long.toHexString(status.acknowledgedFeatures()));
        dump.put("acknowledged-protocol-features", Long.toHexString(status.acknowledgedProtocolFeatures()));
        dump.put("rings", rings.stream().map(FlightRecorder::ring).toList());
        dump.put("forgotten", forgotten);
        List<Map<String, Object>> list = new ArrayList<>();
        events.forEach(event -> list.add(map(event)));
        dump.put("events", list);
        return dump;
    }

    private static Map<String, Object> ring(RingStanding standing) {
        Map<String, Object> map = new LinkedHashMap<>();
        map.put("index", standing.queueIndex());
        map.put("layout", standing.packed() ? "packed" : "split");
        map.put("size", standing.size());
        map.put("avail-position", standing.availPosition());
        map.put("used-position", standing.usedPosition());
        map.put("available", standing.available());
        map.put("borrowed", standing.borrowed());
        map.put("fault", standing.fault() == null ? "" : standing.fault().toString());
        return map;
    }

    private static Map<String, Object> map(Event event) {
        Map<String, Object> map = new LinkedHashMap<>();
        map.put("at", Instant.ofEpochMilli(event.epochMillis()).toString());
        map.put("session", event.session());
        map.put("event", event.kind());
        if (!event.text().isEmpty()) {
            map.put("text", event.text());
        }
        String payload = event.payload();
        if (payload != null) {
            map.put("id", event.id());
            map.put("flags", event.flags());
            map.put("bytes", event.payloadByteLength());
            map.put("payload", payload);
            map.put("descriptors", event.descriptors());
        }
        return map;
    }
}
