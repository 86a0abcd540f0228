package io.annulet.guest.conform;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A run ends with a result for each rule, whatever becomes of the back-end. */
@Timeout(60)
final class ConformanceRunTest {

    private static final long MILLISECOND = 1_000_000;
    private static final Limits LIMITS =
            new Limits(1_000 * MILLISECOND, 10_000 * MILLISECOND, 500 * MILLISECOND, 20 * MILLISECOND, 2 * MILLISECOND);

    private static List<Rule> rules(String... ids) {
        return Rules.startingWith(List.of(ids));
    }

    private static List<Verdict> verdicts(BackEnd backEnd, List<Rule> rules) {
        return new ConformanceRun(backEnd, LIMITS, result -> {})
                .run(rules).stream().map(RuleResult::verdict).toList();
    }

    @Test
    void aBackEndThatDiesFailsThatRuleAndIsStartedAgainForTheNext() {
        try (BackEnd backEnd = ReferenceBackEnd.wrong(Flaw.DIES_OF_UNKNOWN_FEATURES)) {
            List<RuleResult> results =
                    new ConformanceRun(backEnd, LIMITS, result -> {}).run(rules("VU-FEAT-03", "VU-FEAT-04"));
            assertEquals(Verdict.FAIL, results.getFirst().verdict());
            assertTrue(
                    results.getFirst().seen().contains("the back-end ended"),
                    results.getFirst().seen());
            assertEquals(Verdict.PASS, results.getLast().verdict());
        }
    }

    @Test
    void aBackEndThatHangsIsStartedAgain() {
        try (BackEnd backEnd = ReferenceBackEnd.wrong(Flaw.HANGS_IN_HALF_MESSAGE)) {
            assertEquals(List.of(Verdict.FAIL, Verdict.PASS), verdicts(backEnd, rules("VU-LIFE-02", "VU-LIFE-03")));
        }
    }

    @Test
    void afterTheEndOfABackEndThatSomeoneElseRunsTheRestIsNotRun() {
        try (ReferenceBackEnd running = ReferenceBackEnd.wrong(Flaw.DIES_OF_UNKNOWN_FEATURES)) {
            running.start();
            BackEnd backEnd = new SocketBackEnd("other", List.of(running.socket(0), running.socket(1)));
            List<RuleResult> results = new ConformanceRun(backEnd, LIMITS, result -> {})
                    .run(rules("VU-FEAT-03", "VU-FEAT-04", "VN-RX-01"));
            assertEquals(
                    List.of(Verdict.FAIL, Verdict.NOT_RUN, Verdict.NOT_RUN),
                    results.stream().map(RuleResult::verdict).toList());
            assertFalse(results.getLast().seen().isEmpty());
        }
    }

    @Test
    void withoutABackEndNothingIsRun() {
        try (BackEnd backEnd = new SocketBackEnd("nobody", List.of(Path.of("/nonexistent/annulet.sock")))) {
            assertEquals(List.of(Verdict.NOT_RUN), verdicts(backEnd, rules("VU-MSG-01")));
        }
    }

    @Test
    void withOneSocketWhatNeedsTwoIsSkipped() {
        try (ReferenceBackEnd running = ReferenceBackEnd.right()) {
            running.start();
            BackEnd backEnd = new SocketBackEnd("one port", List.of(running.socket(0)));
            assertEquals(List.of(Verdict.PASS, Verdict.SKIPPED), verdicts(backEnd, rules("VU-MSG-01", "VN-RX-02")));
        }
    }

    @Test
    void eachResultIsToldAtOnce() {
        List<String> told = new ArrayList<>();
        try (BackEnd backEnd = ReferenceBackEnd.right()) {
            new ConformanceRun(backEnd, LIMITS, result -> told.add(result.rule().id()))
                    .run(rules("VU-MSG-01", "VU-MSG-05"));
        }
        assertEquals(List.of("VU-MSG-01", "VU-MSG-05"), told);
    }

    @Test
    void aCommandThatEndsAtOnceSaysWhy() {
        try (BackEnd backEnd = new CommandBackEnd("false", List.of("sh", "-c", "echo no luck; exit 3"))) {
            List<RuleResult> results = new ConformanceRun(backEnd, LIMITS, result -> {}).run(rules("VU-MSG-01"));
            assertEquals(Verdict.NOT_RUN, results.getFirst().verdict());
            assertEquals(
                    "the back-end ended with status 3: no luck",
                    results.getFirst().seen());
        }
    }

    @Test
    void aCommandIsEndedWithAllThatItStarted() throws IOException {
        CommandBackEnd backEnd =
                new CommandBackEnd("parent", List.of("sh", "-c", "sleep 100 & echo $! > {socket}; wait"));
        String child = "";
        try (backEnd) {
            backEnd.start();
            while (child.isEmpty()) {
                child = Files.exists(backEnd.socket(0))
                        ? Files.readString(backEnd.socket(0)).strip()
                        : "";
            }
            assertTrue(runs(child), "process " + child);
        }
        while (runs(child)) {
            Thread.onSpinWait();
        }
    }

    /** One that ended and was not waited for yet does not run: who waits for it is not the kit's business. */
    private static boolean runs(String process) throws IOException {
        Path status = Path.of("/proc", process, "stat");
        try {
            return !Files.readString(status).matches("(?s).*\\) [ZX] .*");
        } catch (NoSuchFileException e) {
            return false;
        }
    }

    @Test
    void aCommandThatIgnoresTheRequestToEndIsNoticedAndEnded() {
        List<String> command = List.of("sh", "-c", "trap '' TERM; echo ready > {socket}; while :; do sleep 1; done");
        try (CommandBackEnd backEnd = new CommandBackEnd("stubborn", command)) {
            backEnd.start();
            while (!Files.exists(backEnd.socket(0))) {
                Thread.onSpinWait();
            }
            assertTrue(backEnd.isAlive());
            assertEquals(BackEnd.Termination.STAYED, backEnd.terminate(200 * MILLISECOND));
            backEnd.start();
            assertTrue(backEnd.isAlive());
            assertEquals("", backEnd.obituary());
        }
    }
}
