package io.annulet.cli.study;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Visits all points of a study in rounds, each in an order of its own, so that a disturbance of the machine does not fall
 * on neighbours; owned by the thread that runs it. Round 0 warms up and counts.
 */
final class Sweep {

    private record Visit(Point point, int round) {}

    private final Study study;
    private final long seed;
    private final List<Sample> samples;

    /** @param known samples of an earlier, unfinished run: not measured again */
    Sweep(Study study, long seed, List<Sample> known) {
        this.study = study;
        this.seed = seed;
        this.samples = new ArrayList<>(known);
    }

    /** All visits that are still due, in their order. */
    private List<Visit> due() {
        Set<Visit> done = new HashSet<>();
        samples.forEach(sample -> done.add(new Visit(sample.point(), sample.round())));
        List<Visit> due = new ArrayList<>();
        for (int round = 0; round <= study.rounds(); round++) {
            List<Point> order = new ArrayList<>(study.points());
            Collections.shuffle(order, new Random(seed + round));
            for (Point point : order) {
                Visit visit = new Visit(point, round);
                if (round <= study.rounds(point) && !done.contains(visit)) {
                    due.add(visit);
                }
            }
        }
        return due;
    }

    /**
     * Measures what is due and keeps each sample at once.
     *
     * @return null, or why the sweep ended before its time: one line
     */
    @Nullable
    String run(Study.Bench bench, SampleFile file, Progress progress) throws IOException, InterruptedException {
        List<Visit> due = due();
        progress.begin(due.size());
        for (int i = 0; i < due.size(); i++) {
            Visit visit = due.get(i);
            try {
                Map<String, Double> values = bench.measure(visit.point(), visit.round() == 0);
                Sample sample = new Sample(visit.point(), visit.round(), values);
                file.add(sample);
                samples.add(sample);
            } catch (StudyFailure e) {
                progress.end();
                return "the sweep ended after " + i + " of " + due.size() + " measurements, at " + visit.point() + ": "
                        + e.getMessage();
            }
            progress.step();
        }
        progress.end();
        return null;
    }

    Results results() {
        return new Results(samples);
    }
}
