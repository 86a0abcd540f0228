package io.annulet.guest.conform;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Every rule passes on a back-end that is right, and each finds the mistake that it is there to find. */
@Timeout(120)
final class ReferenceBackEndTest {

    private static final long MILLISECOND = 1_000_000;

    /** For what is right: waits are long, since they end as soon as it happens. */
    private static final Limits PATIENT = new Limits(
            20_000 * MILLISECOND, 60_000 * MILLISECOND, 10_000 * MILLISECOND, 60 * MILLISECOND, 2 * MILLISECOND);

    /** For what is wrong: most waits are in vain. */
    private static final Limits BRIEF = new Limits(
            20_000 * MILLISECOND, 60_000 * MILLISECOND, 800 * MILLISECOND, 150 * MILLISECOND, 2 * MILLISECOND);

    @Test
    void aRightBackEndKeepsEveryRule() {
        try (ReferenceBackEnd backEnd = ReferenceBackEnd.right()) {
            List<RuleResult> results = new ConformanceRun(backEnd, PATIENT, result -> {}).run(Rules.all());
            String others = results.stream()
                    .filter(result -> result.verdict() != Verdict.PASS)
                    .map(result -> result.rule().id() + " " + result.verdict() + ": expected " + result.expected()
                            + ", seen " + result.seen())
                    .collect(Collectors.joining("\n"));
            assertEquals("", others);
        }
    }

    @Execution(ExecutionMode.CONCURRENT)
    @ParameterizedTest
    @EnumSource
    void theRuleMeantForAFlawFindsIt(Flaw flaw) {
        try (ReferenceBackEnd backEnd = ReferenceBackEnd.wrong(flaw)) {
            List<Rule> rules = Rules.startingWith(List.of(flaw.rule()));
            assertEquals(1, rules.size(), flaw.rule());
            RuleResult result =
                    new ConformanceRun(backEnd, BRIEF, r -> {}).run(rules).getFirst();
            assertEquals(Verdict.FAIL, result.verdict(), () -> flaw + ": " + result.seen());
        }
    }

    @Test
    void everyRuleHasAFlawThatItFinds() {
        Set<String> unproven = Rules.all().stream().map(Rule::id).collect(Collectors.toCollection(TreeSet::new));
        Arrays.stream(Flaw.values()).map(Flaw::rule).forEach(unproven::remove);
        assertEquals(Set.of(), unproven);
    }

    @Test
    void idsAreUnique() {
        long distinct = Rules.all().stream().map(Rule::id).distinct().count();
        assertEquals(Rules.all().size(), distinct);
        assertTrue(distinct >= 100, distinct + " rules");
    }
}
