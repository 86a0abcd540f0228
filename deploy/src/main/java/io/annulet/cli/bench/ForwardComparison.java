package io.annulet.cli.bench;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** Frames between two guests, both ways: Annulet against DPDK's vhost library on the same processor. */
record ForwardComparison(BenchOptions options) implements Comparison {

    /** One load, and the figure that comes of it. */
    private record Case(Target target, Traffic traffic) {}

    private static final List<Case> CASES = List.of(
            new Case(Target.FORWARD_SPLIT, Traffic.forward("64")),
            new Case(Target.FORWARD_PACKED, Traffic.forwardPacked("64")),
            new Case(Target.FORWARD_LARGE, Traffic.forward("1518")),
            new Case(Target.FORWARD_MIX, Traffic.forward("imix")));

    private static final double MILLION = 1e6;

    @Override
    public List<Target> targets() {
        List<Target> targets = new ArrayList<>(CASES.stream().map(Case::target).toList());
        targets.add(Target.ALLOCATION);
        targets.add(Target.COLLECTIONS);
        return targets;
    }

    @Override
    public List<Figure> measure() {
        Dpdk.check();
        List<Figure> figures = new ArrayList<>();
        for (Case some : CASES) {
            figures.addAll(measure(some));
        }
        return figures;
    }

    private List<Figure> measure(Case some) {
        boolean watchesHeap = some.target == Target.FORWARD_SPLIT;
        try (Workshop workshop = Workshop.open()) {
            Path collections = workshop.log("gc");
            List<String> jvmOptions = watchesHeap ? HeapWatch.jvmOptions(collections) : List.of();
            try (BackEnd ours =
                            BackEnd.annulet(workshop.sockets("annulet"), options.backEndCpu(), "adaptive", jvmOptions);
                    BackEnd rival =
                            BackEnd.dpdk(workshop.sockets("dpdk"), options.backEndCpu(), options.frontEndCpu());
                    FrontEnd frontEnd = FrontEnd.connect(
                            workshop.log("front-end"),
                            some.traffic,
                            options.frontEndCpu(),
                            List.of(ours.sockets(), rival.sockets()))) {
                Duel duel = new Duel(options, ours, rival, frontEnd);
                duel.warmUp();
                if (!watchesHeap) {
                    return List.of(figure(some.target, duel.run()));
                }
                HeapWatch watch = HeapWatch.begin(ours.child(), collections);
                Series series = duel.run();
                List<Figure> figures = new ArrayList<>(List.of(figure(some.target, series)));
                figures.addAll(watch.end(series.ours()));
                return figures;
            }
        }
    }

    static Figure figure(Target target, Series series) {
        String detail = String.format(
                Locale.ROOT,
                "%.2f and %.2f M frames/s, median of ratios %.2f, lost %.2f and %.2f %%",
                Series.mean(series.ours(), Slice::framesPerSecond) / MILLION,
                Series.mean(series.rivals(), Slice::framesPerSecond) / MILLION,
                series.medianRatio(Slice::framesPerSecond),
                Series.lossPercent(series.ours()),
                Series.lossPercent(series.rivals()));
        String fault = Series.problem(series.ours());
        return new Figure(target, series.ratioOfSums(Slice::framesPerSecond), detail, fault.isEmpty() ? null : fault);
    }
}
