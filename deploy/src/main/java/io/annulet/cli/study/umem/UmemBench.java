package io.annulet.cli.study.umem;

import io.annulet.cli.study.Point;
import io.annulet.cli.study.Study;
import io.annulet.cli.study.ThreadMeter;
import io.annulet.linux.Cpus;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;

/** Searches for the rate at which a pool just does not run dry; owned by the thread of the sweep. */
final class UmemBench implements Study.Bench {

    private static final long TRIAL_NANOS = TimeUnit.MILLISECONDS.toNanos(40);
    private static final long QUICK_TRIAL_NANOS = TimeUnit.MILLISECONDS.toNanos(10);

    /** So often the receiver is away. */
    static final long PERIOD_NANOS = TimeUnit.MILLISECONDS.toNanos(4);

    private static final int STEPS = 8;
    private static final int QUICK_STEPS = 2;
    private static final double SLOWEST = 2_000;

    /** A trial that something else disturbed is no proof: a rate has so many chances. */
    private static final int CHANCES = 2;

    /** A sender that does not reach this share of its rate is at its end. */
    private static final double REACHED = 0.95;

    private final Cable cable = Cable.inNamespace();
    private final boolean quick;
    private final int processor;
    private final Arrivals arrivals;
    private boolean senderWasTheLimit;

    UmemBench(boolean quick) {
        this.quick = quick;
        BitSet available = Cpus.available();
        boolean two = available.cardinality() >= 2;
        processor = two ? available.stream().skip(1).findFirst().orElse(-1) : -1;
        arrivals = new Arrivals(cable.far(), two ? available.nextSetBit(0) : -1);
    }

    /** One trial's outcome. */
    private record Trial(boolean dry, double rate, double upkeepNanos, int mostWaiting, double cyclesAFrame) {}

    @Override
    public Map<String, Double> measure(Point point, boolean counting) {
        BitSet before = Cpus.available();
        if (processor >= 0) {
            Cpus.pinCurrentThread(processor);
        }
        try (Pool pool = Pool.open(cable, point.number("chunks"))) {
            return search(pool, point.number("work"), TimeUnit.MICROSECONDS.toNanos(point.number("away")));
        } finally {
            if (processor >= 0) {
                Cpus.pinCurrentThread(before);
            }
        }
    }

    private Map<String, Double> search(Pool pool, long workNanos, long awayNanos) {
        Trial flood = trial(pool, Double.POSITIVE_INFINITY, workNanos, awayNanos);
        Trial best = flood;
        if (flood.dry()) {
            double low = SLOWEST;
            double high = flood.rate();
            best = null;
            for (int step = quick ? QUICK_STEPS : STEPS; step > 0; step--) {
                double rate = Math.sqrt(low * high);
                Trial trial = undisturbed(pool, rate, workNanos, awayNanos);
                if (trial.dry()) {
                    high = rate;
                } else {
                    low = rate;
                    best = trial;
                }
            }
        } else {
            senderWasTheLimit = true;
        }
        Map<String, Double> values = new LinkedHashMap<>();
        values.put("upkeep", flood.upkeepNanos());
        values.put("sender", flood.rate());
        if (flood.cyclesAFrame() > 0) {
            values.put("cycles", flood.cyclesAFrame());
        }
        if (best != null) {
            values.put("rate", best.rate());
            values.put("inflight", (double) best.mostWaiting());
        }
        return values;
    }

    private Trial undisturbed(Pool pool, double rate, long workNanos, long awayNanos) {
        Trial trial = trial(pool, rate, workNanos, awayNanos);
        for (int chance = 1; chance < CHANCES && trial.dry(); chance++) {
            trial = trial(pool, rate, workNanos, awayNanos);
        }
        return trial;
    }

    /** Receives while the other thread sends. */
    private Trial trial(Pool pool, double rate, long workNanos, long awayNanos) {
        pool.drain();
        long dryBefore = pool.dry();
        Future<Double> sending = arrivals.begin(rate, quick ? QUICK_TRIAL_NANOS : TRIAL_NANOS);
        double cycles = 0;
        try (ThreadMeter meter = ThreadMeter.of(Cpus.currentThreadId())) {
            ThreadMeter.Reading before = meter.read();
            long nextAway = System.nanoTime() + PERIOD_NANOS / 2;
            while (!sending.isDone()) {
                pool.visit(workNanos);
                if (awayNanos > 0 && System.nanoTime() - nextAway >= 0) {
                    nextAway += PERIOD_NANOS;
                    stayAway(awayNanos);
                }
            }
            Map<String, Double> used = new LinkedHashMap<>();
            meter.read().since(before).perUnit(Math.max(1.0, (double) pool.frames()), "frame", used);
            cycles = used.getOrDefault("cycles.frame", 0.0);
        }
        double reached = Arrivals.await(sending);
        senderWasTheLimit |= Double.isFinite(rate) && reached < REACHED * rate;
        double upkeep = pool.frames() == 0 ? Double.NaN : (double) pool.upkeepNanos() / pool.frames();
        return new Trial(pool.dry() > dryBefore, reached, upkeep, pool.mostWaiting(), cycles);
    }

    private static void stayAway(long nanos) {
        long end = System.nanoTime() + nanos;
        while (System.nanoTime() - end < 0) {
            Thread.onSpinWait();
        }
    }

    @Override
    public List<String> remarks() {
        List<String> remarks = new ArrayList<>(ThreadMeter.lacking(Cpus.currentThreadId()));
        if (processor < 0) {
            remarks.add("Sender and receiver share one processor here: rates are not to be believed.");
        }
        if (senderWasTheLimit) {
            remarks.add(
                    "Some pools never ran dry at the sender's fastest: their rate is the sender's, and a lower bound.");
        }
        remarks.add(
                "A virtual cable in copy mode: the kernel's copy into the pool is the sender's time here. Zero copy, by"
                        + " a driver that has it, was not measured.");
        return remarks;
    }

    @Override
    public void close() {
        arrivals.close();
        cable.close();
    }
}
