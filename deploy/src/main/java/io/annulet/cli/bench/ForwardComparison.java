package io.annulet.cli.bench;

import io.annulet.guest.traffic.Proof;
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
    private static final double PERCENT = 100;

    @Override
    public List<Target> targets() {
        return CASES.stream().map(Case::target).toList();
    }

    @Override
    public List<Figure> measure() {
        Dpdk.check();
        List<Figure> figures = new ArrayList<>();
        for (Case some : CASES) {
            figures.add(measure(some));
        }
        return figures;
    }

    private Figure measure(Case some) {
        Traffic traffic = options.isUntouched() ? some.traffic.withProof(Proof.NONE) : some.traffic;
        try (Workshop workshop = Workshop.open();
                BackEnd ours =
                        BackEnd.annulet(workshop.sockets("annulet"), options.backEndCpu(), "adaptive", List.of());
                BackEnd rival = BackEnd.dpdk(workshop.sockets("dpdk"), options.backEndCpu(), options.frontEndCpu());
                FrontEnd frontEnd = FrontEnd.connect(
                        workshop.log("front-end"),
                        traffic,
                        options.frontEndCpu(),
                        List.of(ours.sockets(), rival.sockets()))) {
            Duel duel = new Duel(options, ours, rival, frontEnd);
            duel.warmUp();
            return figure(some.target, duel.run());
        }
    }

    static Figure figure(Target target, Series series) {
        String detail = String.format(
                Locale.ROOT,
                "%.2f and %.2f M frames/s, front-end idle %.0f and %.0f %%, median of ratios %.2f,"
                        + " lost %.2f and %.2f %%",
                Series.mean(series.ours(), Slice::framesPerSecond) / MILLION,
                Series.mean(series.rivals(), Slice::framesPerSecond) / MILLION,
                PERCENT * Series.mean(series.ours(), Slice::idleShare),
                PERCENT * Series.mean(series.rivals(), Slice::idleShare),
                series.medianRatio(Slice::framesPerSecond),
                Series.lossPercent(series.ours()),
                Series.lossPercent(series.rivals()));
        String fault = Series.problem(series.ours());
        return new Figure(target, series.ratioOfSums(Slice::framesPerSecond), detail, fault.isEmpty() ? null : fault);
    }
}
