package io.annulet.guest.traffic;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** A {@link RateSearch} whose trials are phases of a {@link TrafficRun}; used by one thread. */
public final class ThroughputSearch {

    private final TrafficRun run;
    private final List<PhaseReport> phases = new ArrayList<>();
    private final RateSearch search;

    public ThroughputSearch(TrafficRun run, SearchOptions options, Trial.Listener listener) {
        this.run = run;
        this.search = new RateSearch(options, this::trial, listener);
    }

    /** Warms up and searches; the bounds are wider than asked for if a back-end failed on the way. */
    public List<SearchResult> search() {
        PhaseReport warmup = run.warmUp();
        if (warmup != null && warmup.end() != null) {
            phases.add(warmup);
            return List.of();
        }
        return search.run();
    }

    private @Nullable Trial trial(int number, double framesPerSecond) {
        Rate rate = framesPerSecond == 0 ? Rate.MAX : Rate.ofFrames(framesPerSecond);
        PhaseReport phase = run.phase("trial " + number, run.options().load().withRate(rate));
        phases.add(phase);
        if (phase.end() != null) {
            return null;
        }
        int directions = phase.directions().size();
        return new Trial(
                number,
                framesPerSecond == 0 ? phase.sentPerSecond() / directions : framesPerSecond,
                phase.offered(),
                phase.sent(),
                phase.arrived(),
                phase.lossRatio(),
                phase.receivedPerSecond() / directions,
                phase.directions().getFirst().latency());
    }

    public List<Trial> trials() {
        return search.trials();
    }

    /** What should not be, loss apart, over all trials; the most telling first. */
    public List<String> problems() {
        List<String> problems = new ArrayList<>();
        for (PhaseReport phase : phases) {
            for (String problem : Problems.of(phase, List.of(), 1)) {
                problems.add(problem + ", in trial " + (phases.indexOf(phase) + 1));
            }
        }
        problems.addAll(Problems.ofStations(run.stations()));
        return problems;
    }
}
