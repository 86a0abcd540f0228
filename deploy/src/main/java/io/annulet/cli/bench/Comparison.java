package io.annulet.cli.bench;

import io.annulet.cli.CommandFailure;
import java.util.List;

/** Something that is measured; used by the main thread. */
interface Comparison {

    /** Of which it yields a figure each. */
    List<Target> targets();

    /**
     * Measures.
     *
     * @throws CommandFailure if something is missing for that, with the remedy
     */
    List<Figure> measure() throws InterruptedException;

    /** Measures, or says why not. */
    static List<Figure> figures(Comparison comparison) throws InterruptedException {
        try {
            return comparison.measure();
        } catch (CommandFailure missing) {
            String reason = missing.getMessage() + "; " + missing.remedy();
            return comparison.targets().stream()
                    .map(target -> Figure.missing(target, reason))
                    .toList();
        }
    }
}
