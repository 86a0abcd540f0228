package io.annulet.cli.bench;

import java.util.ArrayList;
import java.util.List;

/**
 * Two back-ends on one processor and one front-end for both, in turn: the back-end that is not measured is stopped; used
 * by the main thread.
 */
final class Duel {

    /** After a pause caches are cold, and the first frames tell of that. */
    private static final long SETTLE_NANOS = 20_000_000;

    private final BenchOptions options;
    private final List<BackEnd> backEnds;
    private final FrontEnd frontEnd;

    Duel(BenchOptions options, BackEnd ours, BackEnd rival, FrontEnd frontEnd) {
        this.options = options;
        this.backEnds = List.of(ours, rival);
        this.frontEnd = frontEnd;
    }

    void warmUp() {
        backEnds.forEach(backEnd -> backEnd.child().pause());
        for (int i = 0; i < backEnds.size(); i++) {
            turn(i, options.warmupNanos());
        }
    }

    Series run() {
        List<List<Slice>> slices = List.of(new ArrayList<>(), new ArrayList<>());
        for (int i = 0; i < options.slices(); i++) {
            for (int k = 0; k < backEnds.size(); k++) {
                int turn = (i + k) % backEnds.size();
                slices.get(turn).add(turn(turn, options.sliceNanos()));
            }
        }
        return new Series(slices.get(0), slices.get(1));
    }

    private Slice turn(int index, long nanos) {
        Child child = backEnds.get(index).child();
        child.go();
        try {
            frontEnd.slice(index, SETTLE_NANOS);
            return frontEnd.slice(index, nanos);
        } finally {
            child.pause();
        }
    }
}
