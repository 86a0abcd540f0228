package io.annulet.cli;

import java.util.Iterator;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Writes maps, lists, strings, numbers, booleans and null as JSON (RFC 8259), on one line. */
public final class Json {
    private Json() {}

    /** The value as JSON; a fraction that is not finite, which JSON does not know, becomes null. */
    public static String write(@Nullable Object value) {
        StringBuilder text = new StringBuilder();
        append(text, value);
        return text.toString();
    }

    private static void append(StringBuilder text, @Nullable Object value) {
        switch (value) {
            case null -> text.append("null");
            case Boolean truth -> text.append(truth);
            case Integer number -> text.append(number);
            case Long number -> text.append(number);
            case Double fraction -> text.append(Double.isFinite(fraction) ? fraction.toString() : "null");
            case String string -> appendString(text, string);
            case Map<?, ?> map -> appendMap(text, map);
            case Iterable<?> list -> appendList(text, list);
            default -> throw new IllegalArgumentException("no JSON for " + value.getClass());
        }
    }

    private static void appendMap(StringBuilder text, Map<?, ?> map) {
        String separator = "{";
        for (Map.Entry<?, ?> entry : map.entrySet()) {
            text.append(separator);
            appendString(text, String.valueOf(entry.getKey()));
            text.append(':');
            append(text, entry.getValue());
            separator = ",";
        }
        text.append(map.isEmpty() ? "{}" : "}");
    }

    private static void appendList(StringBuilder text, Iterable<?> list) {
        text.append('[');
        for (Iterator<?> i = list.iterator(); i.hasNext(); ) {
            append(text, i.next());
            text.append(i.hasNext() ? "," : "");
        }
        text.append(']');
    }

    private static void appendString(StringBuilder text, String string) {
        text.append('"');
        for (int i = 0; i < string.length(); i++) {
            char c = string.charAt(i);
            switch (c) {
                case '"' -> text.append("\\\"");
                case '\\' -> text.append("\\\\");
                case '\n' -> text.append("\\n");
                case '\t' -> text.append("\\t");
                default -> appendChar(text, c);
            }
        }
        text.append('"');
    }

    /** Control characters must be escapes; surrogates are too, since half of a pair cannot be written otherwise. */
    private static void appendChar(StringBuilder text, char c) {
        if (c < ' ' || Character.isSurrogate(c)) {
            text.append(String.format("\\u%04x", (int) c));
        } else {
            text.append(c);
        }
    }
}
