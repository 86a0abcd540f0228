package io.annulet.cli.config;

import java.util.Locale;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.slf4j.event.Level;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/**
 * What is logged, and how; immutable.
 *
 * @param isJson each line a JSON object
 */
public record LogOptions(Level level, boolean isJson) {

    public static final LogOptions DEFAULTS = new LogOptions(Level.INFO, false);

    private static final String JSON = "json";

    /** From a level, the word json, or both with a comma between them. */
    public static LogOptions parse(String text) {
        LogOptions options = DEFAULTS;
        for (String word : text.split(",", -1)) {
            options = word.equals(JSON)
                    ? new LogOptions(options.level, true)
                    : new LogOptions(level(word), options.isJson);
        }
        return options;
    }

    private static Level level(String word) {
        return Stream.of(Level.values())
                .filter(level -> name(level).equals(word.toLowerCase(Locale.ROOT)))
                .findAny()
                .orElseThrow(() -> new IllegalArgumentException("log: " + word + ": use "
                        + Stream.of(Level.values()).map(LogOptions::name).collect(Collectors.joining(" or "))
                        + ", and " + JSON + " beside it"));
    }

    private static String name(Level level) {
        return level.name().toLowerCase(Locale.ROOT);
    }

    /** For the command line. */
    public static final class Converter implements ITypeConverter<LogOptions> {
        @Override
        public LogOptions convert(String text) {
            try {
                return parse(text);
            } catch (IllegalArgumentException e) {
                throw new TypeConversionException(String.valueOf(e.getMessage()));
            }
        }
    }
}
