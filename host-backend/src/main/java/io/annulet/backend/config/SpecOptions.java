package io.annulet.backend.config;

import java.util.Arrays;
import java.util.BitSet;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.ToIntFunction;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * The {@code option=value} part of a port's specification, taken option by option; what has been asked for is what the
 * kind of port knows. Mistakes are {@link IllegalArgumentException}s of one line.
 */
public final class SpecOptions {

    private static final int OCTAL = 8;

    private final String kind;
    private final Map<String, String> values;
    private final Set<String> known = new TreeSet<>();

    /** @param kind what has the options, for messages */
    public SpecOptions(String kind, Map<String, String> values) {
        this.kind = kind;
        this.values = Map.copyOf(values);
    }

    /**
     * Reads options as they stand in a word of the command line.
     *
     * @param text options parted by commas, or null if there are none
     */
    public static SpecOptions parse(String kind, @Nullable String text) {
        return new SpecOptions(kind, split(text));
    }

    static Map<String, String> split(@Nullable String text) {
        Map<String, String> values = new LinkedHashMap<>();
        for (String option : text == null ? new String[0] : text.split(",", -1)) {
            int equals = option.indexOf('=');
            if (equals < 1 || equals == option.length() - 1) {
                throw new IllegalArgumentException("'" + option + "' is no option; write option=value");
            }
            String name = option.substring(0, equals);
            if (values.put(name, option.substring(equals + 1)) != null) {
                throw new IllegalArgumentException("option " + name + " is there twice; write it once");
            }
        }
        return values;
    }

    private @Nullable String take(String name) {
        known.add(name);
        return values.get(name);
    }

    /** Whether one of these options is there. */
    public boolean hasAny(String... names) {
        return Arrays.stream(names).anyMatch(values::containsKey);
    }

    /** What an option says; null if it is not there. */
    public @Nullable String text(String name) {
        return take(name);
    }

    /** A whole number. */
    public int number(String name, int otherwise) {
        String value = take(name);
        if (value == null) {
            return otherwise;
        }
        if (!value.matches("[0-9]{1,9}")) {
            throw new IllegalArgumentException(name + "=" + value + ": write a whole number");
        }
        return Integer.parseInt(value);
    }

    /** A number a second, such as 2000, 64k, 100M or 10G; 0 if the option is not there. */
    public long amount(String name) {
        String value = take(name);
        if (value == null) {
            return 0;
        }
        if (!value.matches("[1-9][0-9]{0,11}|[1-9][0-9]{0,2}[kMG]")) {
            throw new IllegalArgumentException(name + "=" + value + ": write a number such as 2000, 64k, 100M or 10G");
        }
        long number = Long.parseLong(value.replaceAll("[kMG]", ""));
        return switch (value.charAt(value.length() - 1)) {
            case 'k' -> number * 1_000;
            case 'M' -> number * 1_000_000;
            case 'G' -> number * 1_000_000_000;
            default -> number;
        };
    }

    /** A size in bytes, such as 64M or 1G, of 1,024 to the step. */
    public long bytes(String name, long otherwise) {
        String value = take(name);
        if (value == null) {
            return otherwise;
        }
        if (!value.matches("[1-9][0-9]{0,11}|[1-9][0-9]{0,4}[kMG]")) {
            throw new IllegalArgumentException(name + "=" + value + ": write a size such as 64M or 1G");
        }
        long number = Long.parseLong(value.replaceAll("[kMG]", ""));
        return switch (value.charAt(value.length() - 1)) {
            case 'k' -> number << 10;
            case 'M' -> number << 20;
            case 'G' -> number << 30;
            default -> number;
        };
    }

    /** Numbers and ranges, none above {@code most}, such as 10+20-29; empty if the option is not there. */
    public BitSet numbers(String name, int most) {
        String value = take(name);
        BitSet numbers = new BitSet();
        for (String part : value == null ? new String[0] : value.split("\\+", -1)) {
            if (!part.matches("[0-9]{1,5}(-[0-9]{1,5})?")) {
                throw new IllegalArgumentException(
                        name + "=" + value + ": write numbers and ranges with + between them, such as 10+20-29");
            }
            String[] ends = part.split("-", -1);
            int first = Integer.parseInt(ends[0]);
            int last = Integer.parseInt(ends[ends.length - 1]);
            if (first > last || last > most) {
                throw new IllegalArgumentException(name + "=" + value + ": ranges go up, to " + most + " at most");
            }
            numbers.set(first, last + 1);
        }
        return numbers;
    }

    /** Names or numbers with + between them; empty if the option is not there. */
    public Set<Integer> ids(String name, ToIntFunction<String> idOf) {
        String value = take(name);
        return value == null
                ? Set.of()
                : Arrays.stream(value.split("\\+", -1)).map(idOf::applyAsInt).collect(Collectors.toSet());
    }

    /** Octal permission bits. */
    public int permissions(String name, int otherwise) {
        String value = take(name);
        if (value == null) {
            return otherwise;
        }
        if (!value.matches("0?[0-7]{3}")) {
            throw new IllegalArgumentException(name + "=" + value + ": write three octal digits, such as 0660");
        }
        return Integer.parseInt(value, OCTAL);
    }

    /** One of the constants of the type of {@code otherwise}, in small letters. */
    public <E extends Enum<E>> E choice(String name, E otherwise) {
        String value = take(name);
        if (value == null) {
            return otherwise;
        }
        E[] constants = otherwise.getDeclaringClass().getEnumConstants();
        return Arrays.stream(constants)
                .filter(constant -> word(constant).equals(value))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException(name + "=" + value + ": use "
                        + Arrays.stream(constants).map(SpecOptions::word).collect(Collectors.joining(" or "))));
    }

    private static String word(Enum<?> constant) {
        return constant.name().toLowerCase(Locale.ROOT);
    }

    /** To be called when everything that the kind knows has been asked for. */
    public void checkAllTaken() {
        for (String name : new TreeSet<>(values.keySet())) {
            if (!known.contains(name)) {
                throw new IllegalArgumentException(
                        known.isEmpty()
                                ? kind + " has no options: leave out " + name
                                : kind + " has no option " + name + "; it has " + String.join(", ", known));
            }
        }
    }
}
