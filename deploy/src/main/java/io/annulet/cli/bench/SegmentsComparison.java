package io.annulet.cli.bench;

import java.util.List;
import java.util.Locale;

/**
 * TCP segments of 64 KiB from guest to guest, payload untouched, as a share of what {@code memcpy} reaches between the same
 * buffers: the front-end copies in its own process, on its own processor, while the back-end is stopped.
 */
record SegmentsComparison(BenchOptions options) implements Comparison {

    private static final double GIGABYTE = 1e9;
    private static final long SETTLE_NANOS = 20_000_000;

    @Override
    public List<Target> targets() {
        return List.of(Target.SEGMENTS);
    }

    @Override
    public List<Figure> measure() {
        try (Workshop workshop = Workshop.open();
                BackEnd ours =
                        BackEnd.annulet(workshop.sockets("annulet"), options.backEndCpu(), "adaptive", List.of());
                FrontEnd frontEnd = FrontEnd.connect(
                        workshop.log("front-end"),
                        Traffic.segments(),
                        options.frontEndCpu(),
                        List.of(ours.sockets()))) {
            frontEnd.slice(0, options.warmupNanos());
            double forwarded = 0;
            double copied = 0;
            double idle = 0;
            String problem = "";
            for (int i = 0; i < options.slices(); i++) {
                frontEnd.slice(0, SETTLE_NANOS);
                Slice slice = frontEnd.slice(0, options.sliceNanos());
                forwarded += slice.bytesPerSecond();
                idle += slice.idleShare();
                problem = problem.isEmpty() ? slice.problem() : problem;
                ours.child().pause();
                frontEnd.copy(0, SETTLE_NANOS);
                copied += frontEnd.copy(0, options.sliceNanos());
                ours.child().go();
            }
            String detail = String.format(
                    Locale.ROOT,
                    "%.2f GB/s through the switch, memcpy %.2f GB/s, front-end idle %.0f %%",
                    forwarded / options.slices() / GIGABYTE,
                    copied / options.slices() / GIGABYTE,
                    100 * idle / options.slices());
            return List.of(new Figure(Target.SEGMENTS, forwarded / copied, detail, problem.isEmpty() ? null : problem));
        }
    }
}
