package io.annulet.packaging;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.annulet.journey.Child;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/** The unit of systemd's, as systemd itself judges it. */
final class UnitTest {

    private static final Path UNIT =
            Path.of(System.getProperty("annulet.root", "..")).resolve("deploy/systemd/annulet.service");
    private static final Path ANALYZE = Path.of("/usr/bin/systemd-analyze");
    private static final Duration LIMIT = Duration.ofSeconds(60);

    /** Times ten, as the program wants it. */
    private static final String MOST_EXPOSURE = "20";

    @Test
    void whatTheServiceMayDoIsScoredAtMostTwo() {
        assumeTrue(Files.isExecutable(ANALYZE), "systemd-analyze is not installed");
        try (Child analyze = Child.run(List.of(
                ANALYZE.toString(),
                "security",
                "--offline=true",
                "--no-pager",
                "--threshold=" + MOST_EXPOSURE,
                UNIT.toAbsolutePath().normalize().toString()))) {
            int status = analyze.awaitEnd(LIMIT);
            assumeTrue(!analyze.text().contains("unrecognized option"), "this systemd-analyze has no --offline");
            String overall = analyze.text()
                    .lines()
                    .filter(line -> line.contains("Overall exposure level"))
                    .collect(Collectors.joining());
            System.out.println(overall.strip());
            assertEquals(0, status, analyze::text);
            assertTrue(!overall.isEmpty(), analyze::text);
        }
    }
}
