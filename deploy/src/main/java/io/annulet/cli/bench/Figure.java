package io.annulet.cli.bench;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * One result.
 *
 * @param value in the unit of the target; NaN if it could not be measured
 * @param detail the figures it was made of, or why there are none
 * @param fault what Annulet did wrong meanwhile, which no speed makes up for; null if nothing
 */
record Figure(
        Target target,
        double value,
        String detail,
        @Nullable String fault) {

    static final int ALL_MET = 0;
    static final int MISSED = 1;
    static final int NOT_ALL_MEASURED = 2;

    static Figure of(Target target, double value, String detail) {
        return new Figure(target, value, detail, null);
    }

    static Figure missing(Target target, String reason) {
        return new Figure(target, Double.NaN, reason, null);
    }

    Verdict verdict() {
        return fault == null ? target.judge(value) : Verdict.MISSED;
    }

    /** The exit status that these figures come to: a missed floor weighs more than one that was not measured. */
    static int status(List<Figure> figures) {
        List<Verdict> verdicts = figures.stream().map(Figure::verdict).toList();
        if (verdicts.contains(Verdict.MISSED)) {
            return MISSED;
        }
        return verdicts.contains(Verdict.NOT_MEASURED) ? NOT_ALL_MEASURED : ALL_MET;
    }
}
