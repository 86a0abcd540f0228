package io.annulet.guest.conform;

/** Ends the check of a rule with a verdict other than pass. */
public final class Stop extends RuntimeException {

    private static final long serialVersionUID = 1;

    private final Verdict verdict;
    private final String expected;
    private final String seen;

    private Stop(Verdict verdict, String expected, String seen) {
        super(seen);
        this.verdict = verdict;
        this.expected = expected;
        this.seen = seen;
    }

    /** The back-end breaks the rule. */
    static Stop broken(String expected, String seen) {
        return new Stop(Verdict.FAIL, expected, seen);
    }

    /** The rule is about something that the back-end does not have. */
    static Stop notOffered(String what) {
        return new Stop(Verdict.NOT_OFFERED, "", what);
    }

    static Stop skipped(String reason) {
        return new Stop(Verdict.SKIPPED, "", reason);
    }

    /** Ends the check as broken unless {@code holds}. */
    static void unless(boolean holds, String expected, String seen) {
        if (!holds) {
            throw broken(expected, seen);
        }
    }

    public Verdict verdict() {
        return verdict;
    }

    /** What should have been seen; empty where the rule's own expectation says it all. */
    public String expected() {
        return expected;
    }

    /** What was seen, or the reason. */
    public String seen() {
        return seen;
    }
}
