package io.annulet.cli.study.batching;

import io.annulet.cli.study.Point;
import io.annulet.cli.study.Results;
import io.annulet.cli.study.Study;
import io.annulet.cli.study.StudyFailure;
import io.annulet.cli.study.ThreadMeter;
import io.annulet.cli.study.report.Page;
import io.annulet.linux.Cpus;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** What a notification costs, and how batching, suppression, coalescing and polling spread that cost over frames. */
public final class BatchingStudy implements Study {

    private static final List<Integer> FITTED = List.of(1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024);
    private static final List<Integer> HELD_BACK = List.of(3, 6, 12, 24, 48, 96, 192, 384, 768);
    private static final List<Integer> OF_POLICIES = List.of(1, 4, 16, 64, 256, 1024);
    private static final List<String> DIRECTIONS = List.of("transmit", "receive");
    private static final int ROUNDS = 4;
    /** The law is judged to a few per cent, and what disturbs a round adds more than that: one of these is undisturbed. */
    private static final int ROUNDS_OF_LAW = 10;

    private static final int LONGEST_STRETCH = 64;

    private final boolean quick;
    private final @Nullable Path other;
    private final boolean packedOffered;

    /** @param other socket of another vhost-user back-end to measure as well */
    public BatchingStudy(boolean quick, @Nullable Path other) {
        this.quick = quick;
        this.other = other;
        try (BackEndBench bench = new BackEndBench(new Durations(quick), null)) {
            packedOffered = bench.offersPackedRings();
        }
    }

    /** Whether a batch size is kept out of the fit, to judge it. */
    static boolean isHeldBack(int batch) {
        return HELD_BACK.contains(batch);
    }

    @Override
    public String name() {
        return "batching";
    }

    @Override
    public List<String> parameters() {
        return List.of("experiment", "stand", "direction", "layout", "policy", "frame", "batch");
    }

    @Override
    public List<String> metrics() {
        return Measured.METRICS;
    }

    @Override
    public int rounds() {
        return quick ? 1 : ROUNDS_OF_LAW;
    }

    @Override
    public int rounds(Point point) {
        return quick || point.has("experiment", "lockstep") ? rounds() : ROUNDS;
    }

    @Override
    public List<Point> points() {
        List<Point> points = new ArrayList<>();
        List<Integer> frames = quick ? List.of(64) : List.of(64, 512, 1518);
        for (String direction : DIRECTIONS) {
            for (int frame : frames) {
                addLaw(points, "rings", direction, "split", frame);
                addLaw(points, "rings", direction, "packed", frame);
            }
            for (int frame : quick ? List.of(64) : List.of(64, 1518)) {
                addLaw(points, "back-end", direction, "split", frame);
                if (packedOffered) {
                    addLaw(points, "back-end", direction, "packed", frame);
                }
            }
            addPolicies(points, direction);
        }
        if (other != null) {
            addLaw(points, "other", "transmit", "split", 64);
        }
        return points;
    }

    private void addLaw(List<Point> points, String stand, String direction, String layout, int frame) {
        List<Integer> batches = new ArrayList<>();
        if (quick) {
            batches.addAll(List.of(1, 6, 16, 96, 256));
        } else {
            batches.addAll(FITTED);
            batches.addAll(HELD_BACK);
        }
        batches.sort(null);
        for (int batch : batches) {
            points.add(point("lockstep", stand, direction, layout, Policy.EACH, frame, batch));
        }
    }

    private void addPolicies(List<Point> points, String direction) {
        for (int batch : quick ? List.of(1, 64) : OF_POLICIES) {
            for (Policy policy : Policy.values()) {
                points.add(point("saturation", "rings", direction, "split", policy, 64, batch));
                points.add(point("paced", "rings", direction, "split", policy, 64, batch));
                if (!quick) {
                    points.add(point("saturation", "rings", direction, "split", policy, 1518, batch));
                }
            }
            List<Policy> atBackEnd = direction.equals("transmit") ? List.of(Policy.values()) : Policy.ofDrivers();
            for (Policy policy : atBackEnd) {
                points.add(point("saturation", "back-end", direction, "split", policy, 64, batch));
                points.add(point("paced", "back-end", direction, "split", policy, 64, batch));
            }
        }
    }

    private static Point point(
            String experiment, String stand, String direction, String layout, Policy policy, int frame, int batch) {
        return Point.of(
                "experiment",
                experiment,
                "stand",
                stand,
                "direction",
                direction,
                "layout",
                layout,
                "policy",
                policy.key(),
                "frame",
                frame,
                "batch",
                batch);
    }

    @Override
    public Bench open() {
        Durations durations = new Durations(quick);
        return new Both(new RingBench(durations), new BackEndBench(durations, other));
    }

    /** Both stands; owned by the thread of the sweep. */
    private final class Both implements Bench {

        private final RingBench rings;
        private final BackEndBench backEnd;

        Both(RingBench rings, BackEndBench backEnd) {
            this.rings = rings;
            this.backEnd = backEnd;
        }

        @Override
        public Map<String, Double> measure(Point point, boolean counting) throws InterruptedException {
            // On a machine that is busy with other things nothing may come through in a short time.
            for (int stretch = 1; stretch <= LONGEST_STRETCH; stretch *= 8) {
                Map<String, Double> values = point.has("stand", "rings")
                        ? rings.measure(point, counting, stretch)
                        : backEnd.measure(point, counting, stretch);
                if (counting || !values.isEmpty()) {
                    return values;
                }
            }
            throw new StudyFailure("no frame comes through");
        }

        @Override
        public List<String> remarks() {
            List<String> remarks = new ArrayList<>(ThreadMeter.lacking(Cpus.currentThreadId()));
            if (!packedOffered) {
                remarks.add("Packed rings at the stand back-end: not offered by the back-end as it is now.");
            }
            remarks.add("A call for each frame, and calls coalesced by count or time, at the stand back-end: a worker"
                    + " calls once a burst, as the driver asks for it, and has no such settings.");
            if (MeasuredThread.processor(0) < 0) {
                remarks.add("Two processors: there is one only, so sender and receiver take turns on it and nothing"
                        + " here is what it would be with two.");
            }
            return remarks;
        }

        @Override
        public void close() {
            backEnd.close();
        }
    }

    @Override
    public Map<String, Object> report(Results results, @Nullable Results earlier, Page page) {
        Map<String, Object> summary = new LinkedHashMap<>();
        summary.put("laws", new LawReport(results, earlier, page).write());
        summary.put("policies", new PolicyReport(results, earlier, page).write());
        return summary;
    }
}
