package io.annulet.packaging;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.annulet.journey.Child;
import io.annulet.journey.Launcher;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/** What {@code ./annulet package} makes; made by the first test that asks, and found there by the others. Stateless. */
final class Packages {

    private static final Duration LIMIT = Duration.ofMinutes(5);

    private Packages() {}

    /** Why there can be none; empty if there can. */
    static Optional<String> obstacle() {
        return Launcher.isReady()
                ? Optional.empty()
                : Optional.of("./annulet is not built, or would build first: run ./annulet build");
    }

    /** The Debian package's file. */
    static Path deb() {
        return Path.of(make("deb"));
    }

    /** The last line says what was made. */
    private static String make(String what) {
        try (Child launcher = Child.run(List.of(Launcher.path().toString(), "package", what))) {
            assertEquals(0, launcher.awaitEnd(LIMIT), launcher::text);
            return launcher.text().lines().reduce("", (before, line) -> line);
        }
    }
}
