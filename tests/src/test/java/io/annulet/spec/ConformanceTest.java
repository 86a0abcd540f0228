package io.annulet.spec;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.annulet.guest.conform.BackEnd;
import io.annulet.guest.conform.CommandBackEnd;
import io.annulet.guest.conform.ConformanceRun;
import io.annulet.guest.conform.Limits;
import io.annulet.guest.conform.RuleResult;
import io.annulet.guest.conform.Rules;
import io.annulet.guest.conform.Verdict;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Annulet under its own conformance kit, as a process: nothing fails, and every recommendation is followed. */
@Timeout(600)
final class ConformanceTest {

    private static final Path ROOT = Path.of(System.getProperty("annulet.root", ".."));
    private static final long MILLISECOND = 1_000_000;

    /** Waits that end when something happens are long, since other tests may keep the machine busy. */
    private static final Limits LIMITS =
            Limits.DEFAULTS.withWaitNanos(15_000 * MILLISECOND).withSettleNanos(10 * MILLISECOND);

    @ParameterizedTest
    @CsvSource({"'',''", "'iommu=on',''", "'postcopy=on',''", "'profile=generic,queues=2','--link=a=b'"})
    void annuletKeepsEveryRule(String portOptions, String more) {
        try (BackEnd backEnd = new CommandBackEnd("Annulet", command(portOptions, more))) {
            List<RuleResult> results = new ConformanceRun(backEnd, LIMITS, result -> {}).run(Rules.all());
            String broken = results.stream()
                    .filter(result -> result.verdict() != Verdict.PASS && result.verdict() != Verdict.NOT_OFFERED)
                    .map(result -> result.rule().id() + " " + result.verdict() + ": expected " + result.expected()
                            + ", seen " + result.seen())
                    .collect(Collectors.joining("\n"));
            assertEquals("", broken);
        }
    }

    private static List<String> command(String portOptions, String more) {
        String java = Path.of(System.getProperty("java.home"), "bin", "java").toString();
        String options = portOptions.isEmpty() ? "" : "," + portOptions;
        List<String> words = new ArrayList<>(List.of(
                java,
                "@" + ROOT.resolve("deploy/jvm.options"),
                "-cp",
                System.getProperty("java.class.path"),
                "io.annulet.cli.Main",
                "run",
                "--port",
                "a=vhost-user:{socket}" + options,
                "--port",
                "b=vhost-user:{socket2}" + options,
                "--log",
                "error"));
        if (!more.isEmpty()) {
            words.add(more);
        }
        return words;
    }
}
