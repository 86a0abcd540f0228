package io.annulet.journey;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** What {@code annulet stat --json} says of a back-end, as users and their scripts see it. */
final class Stat {

    private static final Pattern TOKEN = Pattern.compile("\"([^\"]*)\":|\\{|}|-?\\d+|\"[^\"]*\"|true|false");

    private final Map<String, Long> numbers;

    private Stat(Map<String, Long> numbers) {
        this.numbers = numbers;
    }

    /** Runs the command. */
    static Stat of(BackendProcess backend) {
        List<String> command = List.of(
                "io.annulet.cli.Main",
                "stat",
                "--json",
                "--counters",
                backend.countersFile().toString());
        try (Child stat = Child.java(command)) {
            int status = stat.awaitEnd(Duration.ofSeconds(30));
            if (status != 0) {
                throw new AssertionError("annulet stat ended with " + status + ": " + stat.text());
            }
            return new Stat(flatten(stat.text()));
        }
    }

    /** Every number of nested objects by its path, such as "ports/a/in/frames". */
    private static Map<String, Long> flatten(String json) {
        Map<String, Long> numbers = new TreeMap<>();
        StringBuilder path = new StringBuilder();
        String key = "";
        Matcher tokens = TOKEN.matcher(json);
        while (tokens.find()) {
            String token = tokens.group();
            if (tokens.group(1) != null) {
                key = tokens.group(1);
            } else if (token.equals("{")) {
                path.append(key).append('/');
            } else if (token.equals("}")) {
                path.setLength(Math.max(0, path.lastIndexOf("/", path.length() - 2) + 1));
            } else if (token.matches("-?\\d+")) {
                numbers.put(path.substring(1) + key, Long.valueOf(token));
            }
        }
        return numbers;
    }

    /** One number of a port, such as "in/frames". */
    long port(String port, String path) {
        Long number = numbers.get("ports/" + port + "/" + path);
        if (number == null) {
            throw new AssertionError("no " + path + " of port " + port + " in " + numbers);
        }
        return number;
    }

    /** All that a port dropped in one direction, "in" or "out". */
    long dropped(String port, String direction) {
        String prefix = "ports/" + port + "/" + direction + "/dropped/";
        return numbers.entrySet().stream()
                .filter(number -> number.getKey().startsWith(prefix))
                .mapToLong(Map.Entry::getValue)
                .sum();
    }

    @Override
    public String toString() {
        Map<String, Long> shown = new TreeMap<>(numbers);
        shown.values().removeIf(value -> value == 0);
        return shown.toString();
    }
}
