package io.annulet.cli;

import io.annulet.guest.conform.RuleResult;
import io.annulet.guest.conform.TableReport;
import io.annulet.guest.conform.Verdict;
import java.io.PrintWriter;
import java.util.function.Consumer;

/**
 * Prints each result of a conformance run as soon as it is there, and why the rest is not run just once; used by the
 * thread of the run.
 */
final class Progress implements Consumer<RuleResult> {

    private final PrintWriter out;
    private String reason = "";
    private boolean toldOfMore;

    Progress(PrintWriter out) {
        this.out = out;
    }

    @Override
    public void accept(RuleResult result) {
        boolean sameReason =
                result.verdict() == Verdict.NOT_RUN && result.seen().equals(reason);
        if (!sameReason) {
            out.print(TableReport.lines(result));
            reason = result.verdict() == Verdict.NOT_RUN ? result.seen() : "";
            toldOfMore = false;
        } else if (!toldOfMore) {
            out.println("             not run     what follows, for the same reason");
            toldOfMore = true;
        }
        out.flush();
    }
}
