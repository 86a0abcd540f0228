package io.annulet.cli.ctl;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.List;
import java.util.StringJoiner;

/** Writes JSON as people read it: objects as lines of name and value, lists of objects as tables; stateless. */
final class JsonTable {

    private static final String NOTHING = "-";

    private JsonTable() {}

    /** One object: its values, names before them. */
    static String object(JsonNode object) {
        int width = 0;
        for (var entry : object.properties()) {
            width = Math.max(width, entry.getKey().length());
        }
        StringBuilder text = new StringBuilder();
        for (var entry : object.properties()) {
            text.append(pad(entry.getKey(), width))
                    .append("  ")
                    .append(value(entry.getValue()))
                    .append('\n');
        }
        return text.toString();
    }

    /**
     * A list of objects as a table.
     *
     * @param columns names of values; with a slash those of inner objects, of which the last word is the heading
     */
    static String list(JsonNode list, String... columns) {
        List<List<String>> rows = new ArrayList<>();
        rows.add(List.of(columns).stream()
                .map(column -> column.substring(column.lastIndexOf('/') + 1))
                .toList());
        for (JsonNode item : list) {
            List<String> row = new ArrayList<>();
            for (String column : columns) {
                row.add(value(item.at("/" + column)));
            }
            rows.add(row);
        }
        return lines(rows);
    }

    private static String lines(List<List<String>> rows) {
        StringBuilder text = new StringBuilder();
        int columns = rows.getFirst().size();
        int[] widths = new int[columns];
        for (List<String> row : rows) {
            for (int i = 0; i < columns; i++) {
                widths[i] = Math.max(widths[i], row.get(i).length());
            }
        }
        for (List<String> row : rows) {
            StringBuilder line = new StringBuilder();
            for (int i = 0; i < columns; i++) {
                line.append(pad(row.get(i), widths[i])).append("  ");
            }
            text.append(line.toString().stripTrailing()).append('\n');
        }
        return text.toString();
    }

    private static String pad(String text, int width) {
        return text + " ".repeat(width - text.length());
    }

    private static String value(JsonNode node) {
        if (node.isMissingNode() || node.isNull()) {
            return NOTHING;
        }
        if (node.isArray()) {
            StringJoiner joined = new StringJoiner(",");
            node.forEach(item -> joined.add(value(item)));
            return node.isEmpty() ? NOTHING : joined.toString();
        }
        if (node.isObject()) {
            StringJoiner joined = new StringJoiner(",");
            node.properties().forEach(entry -> joined.add(entry.getKey() + "=" + value(entry.getValue())));
            return node.isEmpty() ? NOTHING : joined.toString();
        }
        return node.isBoolean() ? (node.booleanValue() ? "yes" : "no") : node.asText();
    }
}
