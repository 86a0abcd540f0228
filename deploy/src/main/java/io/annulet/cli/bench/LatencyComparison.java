package io.annulet.cli.bench;

import java.util.List;
import java.util.Locale;
import java.util.function.ToDoubleFunction;

/** The round trip of one 64-byte frame from guest to guest and back, both back-ends polling on. */
record LatencyComparison(BenchOptions options) implements Comparison {

    private static final double MICROSECOND = 1e3;

    @Override
    public List<Target> targets() {
        return List.of(Target.ROUND_TRIP_P50, Target.ROUND_TRIP_P999);
    }

    @Override
    public List<Figure> measure() {
        int cpu = options.backEndCpu();
        Dpdk.check();
        try (Workshop workshop = Workshop.open();
                BackEnd ours = BackEnd.annulet(workshop.sockets("annulet"), cpu, "busy", List.of());
                BackEnd rival = BackEnd.dpdk(workshop.sockets("dpdk"), cpu, options.frontEndCpu());
                FrontEnd frontEnd = FrontEnd.connect(
                        workshop.log("front-end"),
                        Traffic.trip("64"),
                        options.frontEndCpu(),
                        List.of(ours.sockets(), rival.sockets()))) {
            Duel duel = new Duel(options, ours, rival, frontEnd);
            duel.warmUp();
            Series series = duel.run();
            return List.of(
                    figure(Target.ROUND_TRIP_P50, series, Slice::p50Nanos),
                    figure(Target.ROUND_TRIP_P999, series, Slice::p999Nanos));
        }
    }

    private static Figure figure(Target target, Series series, ToDoubleFunction<Slice> nanos) {
        String fault = Series.problem(series.ours());
        String detail = String.format(
                Locale.ROOT,
                "median of slices: %.2f and %.2f us",
                medianNanos(series.ours(), nanos) / MICROSECOND,
                medianNanos(series.rivals(), nanos) / MICROSECOND);
        return new Figure(target, series.medianRatio(nanos), detail, fault.isEmpty() ? null : fault);
    }

    private static double medianNanos(List<Slice> slices, ToDoubleFunction<Slice> nanos) {
        return Series.median(slices.stream().mapToDouble(nanos).toArray());
    }
}
