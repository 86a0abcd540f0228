package io.annulet.cli.bench;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** What the worker allocates under full load, and how often its JVM collects: nothing, and never. */
record LoadComparison(BenchOptions options) implements Comparison {

    private static final long SLICE_NANOS = 5_000_000_000L;
    /** Compilers are done by then. */
    private static final long WARMUP_NANOS = 10_000_000_000L;

    @Override
    public List<Target> targets() {
        return List.of(Target.ALLOCATION, Target.COLLECTIONS);
    }

    @Override
    public List<Figure> measure() {
        try (Workshop workshop = Workshop.open()) {
            Path collections = workshop.log("gc");
            try (BackEnd ours = BackEnd.annulet(
                            workshop.sockets("annulet"),
                            options.backEndCpu(),
                            "adaptive",
                            HeapWatch.jvmOptions(collections));
                    FrontEnd frontEnd = FrontEnd.connect(
                            workshop.log("front-end"),
                            Traffic.forward("64"),
                            options.frontEndCpu(),
                            List.of(ours.sockets()))) {
                frontEnd.slice(0, Math.min(WARMUP_NANOS, options.loadNanos()));
                HeapWatch watch = HeapWatch.begin(ours.child(), collections);
                ours.child().go();
                List<Slice> slices = new ArrayList<>();
                for (long left = options.loadNanos(); left > 0; left -= SLICE_NANOS) {
                    slices.add(frontEnd.slice(0, Math.min(left, SLICE_NANOS)));
                }
                return watch.end(slices, options.loadNanos());
            }
        }
    }
}
