package io.annulet.cli.demo;

import io.annulet.backend.stats.CountersSnapshot;
import java.util.List;

/** A way through the demonstration; owned by the thread that plays it. */
public sealed interface Demonstration permits LinuxDemo, SimulatedDemo {

    /**
     * Runs all steps. What they make stays until the clean-up.
     *
     * @throws StepFailure if a step failed
     */
    Outcome play(Progress progress, Cleanup cleanup);

    /** What helps to understand a failed step, such as the last lines of the guests' consoles; it is there after that. */
    List<String> evidence();

    /**
     * What came of it.
     *
     * @param figures what was measured
     * @param counters of the back-end after the last step
     * @param suggestions commands that are worth a try while everything is still there
     */
    record Outcome(List<Figure> figures, CountersSnapshot counters, List<String> suggestions) {}
}
