package io.annulet.guest.conform;

/**
 * What came of one rule.
 *
 * @param expected what should have been seen, for a rule that failed
 * @param seen what was seen instead, or why it was not tried; empty for a pass
 * @param nanos how long it took
 */
public record RuleResult(Rule rule, Verdict verdict, String expected, String seen, long nanos) {

    static RuleResult pass(Rule rule, long nanos) {
        return new RuleResult(rule, Verdict.PASS, "", "", nanos);
    }

    static RuleResult fail(Rule rule, String expected, String seen, long nanos) {
        return new RuleResult(rule, Verdict.FAIL, expected.isEmpty() ? rule.expectation() : expected, seen, nanos);
    }

    static RuleResult of(Rule rule, Stop stop, long nanos) {
        return stop.verdict() == Verdict.FAIL
                ? fail(rule, stop.expected(), stop.seen(), nanos)
                : new RuleResult(rule, stop.verdict(), "", stop.seen(), nanos);
    }

    static RuleResult notRun(Rule rule, String reason) {
        return new RuleResult(rule, Verdict.NOT_RUN, "", reason, 0);
    }

    /** The same, with something found out later that makes it a failure. */
    RuleResult afterwards(String seenAfterwards) {
        return verdict == Verdict.FAIL
                ? new RuleResult(rule, verdict, expected, seen + "; " + seenAfterwards, nanos)
                : fail(rule, "the back-end goes on afterwards", seenAfterwards, nanos);
    }

    /** Whether it counts against the back-end. */
    public boolean isFailure() {
        return verdict == Verdict.FAIL && rule.binding() == Binding.MUST;
    }
}
