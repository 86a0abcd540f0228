package io.annulet.packaging;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.annulet.journey.Child;
import io.annulet.journey.Namespace;
import io.annulet.linux.Privileges;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The Debian package installs, runs as its own user, keeps its configuration, and goes without a trace. */
@Tag("slow")
@Tag("root")
@Timeout(600)
final class DebianPackageTest {

    private static final Duration LIMIT = Duration.ofMinutes(3);
    private static final int STEPS = 6;

    /** The steps are a script, which a person can run too. */
    @Test
    void everyStepHoldsInACopyOfThisSystem() {
        Packages.obstacle().ifPresent(why -> assumeTrue(false, why));
        Namespace.obstacle().ifPresent(why -> assumeTrue(false, why));
        assumeTrue(Privileges.effectiveUserId() == 0, "a copy of this system needs root");
        assumeTrue(Files.isExecutable(Path.of("/usr/bin/dpkg-deb")), "this is no Debian: dpkg-deb is not installed");
        Path script = Path.of(System.getProperty("annulet.root", "..")).resolve("tests/packaging/install-deb");
        Path deb = Packages.deb();
        try (Child steps = Child.run(List.of(script.toAbsolutePath().normalize().toString(), deb.toString()))) {
            assertEquals(0, steps.awaitEnd(LIMIT), steps::text);
            assertEquals(
                    STEPS,
                    steps.text().lines().filter(line -> line.startsWith("ok: ")).count(),
                    steps::text);
        }
    }
}
