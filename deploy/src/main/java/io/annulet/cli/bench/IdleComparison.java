package io.annulet.cli.bench;

import java.util.List;
import java.util.Locale;
import java.util.concurrent.TimeUnit;

/**
 * What adaptive polling costs and saves: the processor time of a back-end whose two guests send nothing, and its speed
 * beside a back-end that polls on.
 */
record IdleComparison(BenchOptions options) implements Comparison {

    private static final long SETTLE_SECONDS = 2;
    private static final long IDLE_SECONDS = 5;
    private static final double PERCENT = 100;

    @Override
    public List<Target> targets() {
        return List.of(Target.IDLE_CPU, Target.ADAPTIVE);
    }

    @Override
    public List<Figure> measure() throws InterruptedException {
        int cpu = options.backEndCpu();
        try (Workshop workshop = Workshop.open();
                BackEnd adaptive = BackEnd.annulet(workshop.sockets("adaptive"), cpu, "adaptive", List.of());
                BackEnd busy = BackEnd.annulet(workshop.sockets("busy"), cpu, "busy", List.of());
                FrontEnd frontEnd = FrontEnd.connect(
                        workshop.log("front-end"),
                        Traffic.forward("64"),
                        options.frontEndCpu(),
                        List.of(adaptive.sockets(), busy.sockets()))) {
            Duel duel = new Duel(options, adaptive, busy, frontEnd);
            duel.warmUp();
            Figure speed = ForwardComparison.figure(Target.ADAPTIVE, duel.run());
            return List.of(idle(adaptive.child()), speed);
        }
    }

    private static Figure idle(Child child) throws InterruptedException {
        child.go();
        TimeUnit.SECONDS.sleep(SETTLE_SECONDS);
        long cpuNanos = child.cpuNanos();
        long startNanos = System.nanoTime();
        TimeUnit.SECONDS.sleep(IDLE_SECONDS);
        double nanos = System.nanoTime() - startNanos;
        return Figure.of(
                Target.IDLE_CPU,
                PERCENT * (child.cpuNanos() - cpuNanos) / nanos,
                String.format(Locale.ROOT, "two guests connected, %.1f s after their last frame", nanos / 1e9));
    }
}
