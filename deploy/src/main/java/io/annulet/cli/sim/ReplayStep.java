package io.annulet.cli.sim;

import com.fasterxml.jackson.databind.JsonNode;
import io.annulet.vhostuser.VhostUserRequest;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * One message of a record, and what came of it then; immutable.
 *
 * @param descriptors that came with it
 * @param reply the payload of the reply, in hexadecimal digits; null if there was none
 * @param ended whether the session ended with it
 */
record ReplayStep(
        int id,
        int flags,
        String payload,
        int descriptors,
        @Nullable String reply,
        boolean ended) {

    private static final int MOST_PAYLOAD_CHARACTERS = 8192;

    /** The messages of the last session; what is cut or malformed is left out. */
    static List<ReplayStep> ofLastSession(JsonNode record) {
        long last = 0;
        for (JsonNode event : record.path("events")) {
            last = Math.max(last, event.path("session").asLong());
        }
        List<ReplayStep> steps = new ArrayList<>();
        for (JsonNode event : record.path("events")) {
            if (event.path("session").asLong() != last) {
                continue;
            }
            switch (event.path("event").asText()) {
                case "message" -> {
                    if (isWhole(event)) {
                        steps.add(new ReplayStep(
                                event.path("id").asInt(),
                                event.path("flags").asInt(),
                                event.path("payload").asText(),
                                event.path("descriptors").asInt(),
                                null,
                                false));
                    }
                }
                case "reply" -> replaceLast(steps, event.path("payload").asText(), false);
                case "ended" -> replaceLast(steps, null, true);
                default -> {}
            }
        }
        return steps;
    }

    private static void replaceLast(List<ReplayStep> steps, @Nullable String reply, boolean ended) {
        if (!steps.isEmpty()) {
            ReplayStep step = steps.removeLast();
            steps.add(new ReplayStep(
                    step.id, step.flags, step.payload, step.descriptors, reply == null ? step.reply : reply, ended));
        }
    }

    private static boolean isWhole(JsonNode event) {
        String payload = event.path("payload").asText();
        return payload.matches("([0-9a-f]{2})*")
                && payload.length() <= MOST_PAYLOAD_CHARACTERS
                && payload.length() == 2 * event.path("bytes").asLong();
    }

    byte[] payloadBytes() {
        return HexFormat.of().parseHex(payload);
    }

    /** Null if the protocol knows no such message. */
    @Nullable
    VhostUserRequest request() {
        return VhostUserRequest.of(id);
    }

    String name() {
        VhostUserRequest request = request();
        return request == null ? "message " + id : request.name();
    }
}
