package io.annulet.guest.conform;

import io.annulet.guest.FrontEndException;
import io.annulet.linux.LinuxException;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Tries rules on a back-end, one after the other, each on connections of its own; used by one thread.
 *
 * <p>A back-end that dies or hangs fails the rule that it was tried on, and is started again for the next one; if that is
 * not possible, the rest is not run.
 */
public final class ConformanceRun {

    private final BackEnd backEnd;
    private final Limits limits;
    private final Consumer<RuleResult> listener;
    private final List<RuleResult> results = new ArrayList<>();
    private @Nullable String endReason;
    private @Nullable String noTrafficReason;

    /** @param listener hears of each result as soon as it is final */
    public ConformanceRun(BackEnd backEnd, Limits limits, Consumer<RuleResult> listener) {
        this.backEnd = backEnd;
        this.limits = limits;
        this.listener = listener;
    }

    /** Tries all of the rules; leaves the back-end as it is at the end, up or not. */
    public List<RuleResult> run(List<Rule> rules) {
        backEnd.start();
        endReason = awaitUp();
        boolean triedTraffic = false;
        for (Rule rule : rules) {
            if (rule.needsTraffic() && !triedTraffic && endReason == null) {
                noTrafficReason = whyNoTraffic();
                triedTraffic = true;
            }
            RuleResult result = resultOf(rule);
            results.add(result);
            listener.accept(result);
        }
        return List.copyOf(results);
    }

    private RuleResult resultOf(Rule rule) {
        if (endReason != null) {
            return RuleResult.notRun(rule, endReason);
        }
        if (rule.needsTraffic() && noTrafficReason != null && rule != ReceiveRules.TRAFFIC) {
            return new RuleResult(rule, Verdict.SKIPPED, "", noTrafficReason, 0);
        }
        RuleResult result = attempt(rule);
        boolean died = !backEnd.isAlive() && needsAnswers(rule);
        return died || result.verdict() == Verdict.FAIL ? examineAfter(result) : result;
    }

    /** Where no frame flows at all most rules would fail for the same reason, which is told once instead. */
    private @Nullable String whyNoTraffic() {
        if (backEnd.ports() < 2) {
            return "it needs a second port";
        }
        RuleResult result = attempt(ReceiveRules.TRAFFIC);
        if (result.verdict() == Verdict.FAIL) {
            examineAfter(result);
        }
        return result.expected().equals(Pair.TRAFFIC) ? result.seen() : null;
    }

    // One rule.

    private RuleResult attempt(Rule rule) {
        RuleResult result = tryOnce(rule);
        if (result != null) {
            return result;
        }
        // It was gone before this rule began.
        restart();
        result = endReason == null ? tryOnce(rule) : RuleResult.notRun(rule, endReason);
        return result != null ? result : RuleResult.fail(rule, "an answer", "the back-end does not answer", 0);
    }

    /** The result, or null if the back-end did not even answer the first question. */
    private @Nullable RuleResult tryOnce(Rule rule) {
        long startNanos = System.nanoTime();
        try (Trial trial = new Trial(backEnd, limits)) {
            RuleResult result = verdict(rule, trial, startNanos);
            boolean wasGone = result.verdict() == Verdict.FAIL && !trial.wasAnswered() && needsAnswers(rule);
            return wasGone ? null : result;
        } finally {
            pause();
        }
    }

    private static RuleResult verdict(Rule rule, Trial trial, long startNanos) {
        try {
            rule.check().run(trial);
            return RuleResult.pass(rule, System.nanoTime() - startNanos);
        } catch (Stop stop) {
            return RuleResult.of(rule, stop, System.nanoTime() - startNanos);
        } catch (FrontEndException | LinuxException e) {
            return RuleResult.fail(rule, "", message(e), System.nanoTime() - startNanos);
        } catch (RuntimeException e) {
            // Not the back-end's fault, so it must not look like it, nor end the run.
            return RuleResult.notRun(rule, "the kit itself failed: " + message(e));
        }
    }

    private static boolean needsAnswers(Rule rule) {
        return rule.check() != ProgramRules.ENDS;
    }

    private static String message(Exception e) {
        return e.getMessage() == null ? e.toString() : e.getMessage();
    }

    private void pause() {
        try (Trial trial = new Trial(backEnd, limits)) {
            trial.pause();
        }
    }

    // The back-end as a whole.

    /** Adds to a failure what became of the back-end, and brings it up again. */
    private RuleResult examineAfter(RuleResult result) {
        if (!backEnd.isAlive()) {
            RuleResult complete = result.afterwards(backEnd.obituary());
            restart();
            return complete;
        }
        if (whyDown() != null) {
            restart();
            return result.afterwards("the back-end no longer answered");
        }
        return result;
    }

    private void restart() {
        endReason = backEnd.start() ? awaitUp() : awaitUp() == null ? null : "the back-end does not answer any more";
    }

    /** Waits until it answers on all ports; null, or why it does not. */
    private @Nullable String awaitUp() {
        String why = "the back-end was not up in " + Trial.seconds(limits.startNanos());
        long endNanos = System.nanoTime() + limits.startNanos();
        while (System.nanoTime() - endNanos < 0) {
            String down = whyDown();
            if (down == null || !backEnd.isAlive()) {
                pause();
                return down == null ? null : backEnd.obituary();
            }
            why = down;
            pause();
        }
        return why;
    }

    /** Asks each port for its features; null, or what went wrong. */
    private @Nullable String whyDown() {
        for (int port = 0; port < backEnd.ports(); port++) {
            try (Trial trial = new Trial(backEnd, limits)) {
                trial.connect(port);
            } catch (FrontEndException | LinuxException | Stop e) {
                return message(e);
            }
        }
        return null;
    }
}
