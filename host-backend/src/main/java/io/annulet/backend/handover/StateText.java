package io.annulet.backend.handover;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;

/** The form in which states are passed: JSON, for which {@link PassedState} has the rules; stateless. */
public final class StateText {

    private static final ObjectMapper MAPPER = JsonMapper.builder()
            .disable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES)
            .build();

    private StateText() {}

    /** What is written of a state, a port's device, or a greeting. */
    public static String write(Object value) {
        try {
            return MAPPER.writeValueAsString(value);
        } catch (JsonProcessingException ours) {
            throw new IllegalStateException(ours);
        }
    }

    /**
     * Reads a state.
     *
     * @throws HandoverException if this program does not understand it
     */
    public static PassedState readState(String text) {
        PassedState state = read(text, PassedState.class);
        if (state.readableFrom() > PassedState.VERSION) {
            throw new HandoverException("the back-end that runs passes state in format " + state.version()
                    + ", of which this one knows " + PassedState.VERSION + "; restart it instead");
        }
        return state;
    }

    static <T> T read(String text, Class<T> type) {
        try {
            return MAPPER.readValue(text, type);
        } catch (JsonProcessingException e) {
            throw new HandoverException("what came is no state of a back-end: " + e.getMessage());
        }
    }
}
