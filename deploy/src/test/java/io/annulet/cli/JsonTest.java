package io.annulet.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

final class JsonTest {

    @Test
    void writesEveryKindOfValueInOrder() {
        Map<String, Object> map = new LinkedHashMap<>();
        map.put("b", List.of(1, Long.MAX_VALUE, true));
        map.put("a", Map.of());
        map.put("c", List.of());
        assertEquals("{\"b\":[1,9223372036854775807,true],\"a\":{},\"c\":[]}", Json.write(map));
        assertEquals("null", Json.write(null));
    }

    @Test
    void escapesWhatCannotStandInAString() {
        assertEquals("\"a\\\"b\\\\c\\n\\t\\u001bä\\ud800\"", Json.write("a\"b\\c\n\t\u001bä\ud800"));
    }

    @Test
    void refusesWhatItDoesNotKnow() {
        assertThrows(IllegalArgumentException.class, () -> Json.write(new Object()));
    }

    @Test
    void writesFractionsAndNullForThoseThatJsonDoesNotKnow() {
        assertEquals("[1.5,null,null]", Json.write(List.of(1.5, Double.NaN, Double.POSITIVE_INFINITY)));
    }
}
