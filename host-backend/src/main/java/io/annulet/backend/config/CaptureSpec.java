package io.annulet.backend.config;

import io.annulet.backend.capture.CaptureOptions;
import io.annulet.backend.capture.CaptureOptions.Direction;
import io.annulet.backend.capture.CaptureOptions.Limits;
import io.annulet.backend.capture.CaptureOptions.Rotation;
import io.annulet.backend.capture.FrameFilter;
import io.annulet.backend.stats.DropReason;
import java.time.Duration;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Reads a capture as the command line has it: {@code FILE[,option=value]...}. Every mistake is an
 * {@link IllegalArgumentException} whose message is one line that says what to write instead.
 */
public final class CaptureSpec {

    private static final int MOST_SECONDS = 1_000_000;

    private CaptureSpec() {}

    /** Reads one. */
    public static CaptureOptions parse(String spec) {
        int comma = spec.indexOf(',');
        String file = comma < 0 ? spec : spec.substring(0, comma);
        try {
            SpecOptions options = SpecOptions.parse("a capture", comma < 0 ? null : spec.substring(comma + 1));
            CaptureOptions capture = CaptureOptions.of(file)
                    .withPorts(names(options.text("port")))
                    .withDirection(options.choice("dir", Direction.BOTH))
                    .withDrops(drops(options.text("drop")))
                    .withFilter(FrameFilter.parse(options.text("filter")))
                    .withSnapshot(options.number("snaplen", CaptureOptions.WHOLE_FRAMES))
                    .withRotation(new Rotation(
                            options.bytes("rotate-size", 0),
                            seconds(options, "rotate-time"),
                            options.number("files", 0)))
                    .withLimits(new Limits(
                            options.number("limit-frames", 0),
                            options.bytes("limit-size", 0),
                            seconds(options, "limit-time")));
            options.checkAllTaken();
            return capture;
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException("capture " + spec + ": " + e.getMessage(), e);
        }
    }

    private static Set<DropReason> drops(@Nullable String text) {
        return text == null ? Set.of() : CaptureOptions.parseDrops(text);
    }

    private static Set<String> names(@Nullable String text) {
        return text == null ? Set.of() : Set.of(text.split("\\+", -1));
    }

    private static Duration seconds(SpecOptions options, String name) {
        int seconds = options.number(name, 0);
        if (seconds > MOST_SECONDS) {
            throw new IllegalArgumentException(name + "=" + seconds + ": seconds, up to " + MOST_SECONDS);
        }
        return Duration.ofSeconds(seconds);
    }
}
