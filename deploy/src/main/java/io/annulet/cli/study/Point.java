package io.annulet.cli.study;

import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** One place in a sweep: the value of each parameter, by name, in the order of the CSV file's columns. */
public record Point(Map<String, String> parameters) {

    public Point {
        parameters = Collections.unmodifiableMap(new LinkedHashMap<>(parameters));
    }

    /** Names and values in turn. */
    public static Point of(Object... namesAndValues) {
        Map<String, String> parameters = new LinkedHashMap<>();
        for (int i = 0; i < namesAndValues.length; i += 2) {
            parameters.put(namesAndValues[i].toString(), namesAndValues[i + 1].toString());
        }
        return new Point(parameters);
    }

    /** The value of a parameter that the point has. */
    public String get(String name) {
        String value = parameters.get(name);
        if (value == null) {
            throw new IllegalArgumentException("a point without " + name + ": " + parameters);
        }
        return value;
    }

    public int number(String name) {
        return Integer.parseInt(get(name));
    }

    /** Whether each of these parameters has the value behind it. */
    public boolean has(Object... namesAndValues) {
        for (int i = 0; i < namesAndValues.length; i += 2) {
            if (!namesAndValues[i + 1].toString().equals(parameters.get(namesAndValues[i].toString()))) {
                return false;
            }
        }
        return true;
    }

    List<String> values(List<String> names) {
        List<String> values = new ArrayList<>();
        names.forEach(name -> values.add(parameters.getOrDefault(name, "")));
        return values;
    }

    @Override
    public String toString() {
        StringBuilder text = new StringBuilder();
        parameters.forEach((name, value) ->
                text.append(text.isEmpty() ? "" : ", ").append(name).append(' ').append(value));
        return text.toString();
    }
}
