package io.annulet.guest.conform;

/** How a back-end stands to a rule. */
public enum Verdict {
    PASS("pass"),
    FAIL("FAIL"),
    /** The back-end does not offer the feature that the rule is about. */
    NOT_OFFERED("not offered"),
    /** The rule could not be tried, for a reason that lies outside the back-end. */
    SKIPPED("skipped"),
    /** The run ended before this rule. */
    NOT_RUN("not run");

    private final String word;

    Verdict(String word) {
        this.word = word;
    }

    public String word() {
        return word;
    }
}
