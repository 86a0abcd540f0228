package io.annulet.guest.conform;

import java.util.List;
import java.util.concurrent.TimeUnit;

/** Rules on the program that a back-end is. */
final class ProgramRules {

    private static final long END_NANOS = TimeUnit.SECONDS.toNanos(5);

    /** After this the back-end is gone, so it is the last one. */
    static final Rule.Check ENDS = ProgramRules::endsOnTerm;

    private ProgramRules() {}

    static List<Rule> all() {
        return List.of(Rule.must(
                "VU-PROG-01",
                Document.VHOST_USER,
                "Backend program conventions",
                "the program ends when it receives SIGTERM",
                ENDS));
    }

    private static void endsOnTerm(Trial trial) {
        switch (trial.backEnd().terminate(END_NANOS)) {
            case ENDED -> {}
            case STAYED ->
                throw Stop.broken("the end of the process within " + Trial.seconds(END_NANOS), "it still runs");
            case NOT_OURS -> throw Stop.skipped("the kit did not start the back-end");
        }
    }
}
