package io.annulet.cli.study.copy;

import io.annulet.cli.study.Point;
import io.annulet.cli.study.Study;
import io.annulet.cli.study.StudyFailure;
import io.annulet.cli.study.ThreadMeter;
import io.annulet.linux.Cpus;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/** Carries payloads by each route; owned by the thread of the sweep. */
final class CopyBench implements Study.Bench {

    private static final long MILLIS = 25;
    private static final long QUICK_MILLIS = 2;
    private static final int BURST = 32;

    private final Routes routes;
    private final Buffers warm = new Buffers(CopyStudy.WARM_BUFFERS);
    private final Buffers cold = new Buffers(CopyStudy.COLD_BUFFERS);
    private final List<String> lacking;
    private final long nanos;

    /** @param lacking what this machine does not offer, for the report */
    CopyBench(Routes routes, List<String> lacking, boolean quick) {
        this.routes = routes;
        this.lacking = lacking;
        this.nanos = TimeUnit.MILLISECONDS.toNanos(quick ? QUICK_MILLIS : MILLIS);
    }

    @Override
    public Map<String, Double> measure(Point point, boolean counting) {
        Route route = Route.of(point.get("route"));
        int payload = point.number("payload");
        try (ThreadMeter meter = ThreadMeter.of(Cpus.currentThreadId())) {
            ThreadMeter.Reading before = meter.read();
            double[] framesAndNanos = route == Route.BACKEND || route == Route.BACKEND_TWO
                    ? throughRings(payload, route == Route.BACKEND_TWO)
                    : byRoute(route, point.has("memory", "warm") ? warm : cold, payload);
            ThreadMeter.Reading used = meter.read().since(before);
            if (counting) {
                return Map.of();
            }
            return values(route, payload, framesAndNanos[0], framesAndNanos[1], used);
        }
    }

    private double[] byRoute(Route route, Buffers buffers, int payload) {
        long began = System.nanoTime();
        long now = began;
        long frames = 0;
        while (now - began < nanos) {
            for (int i = 0; i < BURST; i++) {
                routes.carry(route, buffers, payload);
                buffers.advance();
            }
            frames += BURST;
            now = System.nanoTime();
        }
        return new double[] {frames, now - began};
    }

    private double[] throughRings(int payload, boolean twoCopies) {
        try (RingToRing rings = new RingToRing(payload, twoCopies)) {
            long began = System.nanoTime();
            long spent = 0;
            long frames = 0;
            while (System.nanoTime() - began < nanos) {
                spent += rings.carryBurst();
                frames += RingToRing.burst();
            }
            if (rings.delivered() != frames) {
                throw new StudyFailure("of " + frames + " frames " + rings.delivered() + " were delivered");
            }
            return new double[] {frames, spent};
        }
    }

    private static Map<String, Double> values(
            Route route, int payload, double frames, double spentNanos, ThreadMeter.Reading used) {
        Map<String, Double> values = new LinkedHashMap<>();
        values.put("ns", spentNanos / frames);
        values.put("copied", (double) route.userCopies() * payload);
        values.put("kernelcopied", (double) route.kernelCopies() * payload);
        values.put("held", (double) route.heldBytes(payload));
        Map<String, Double> counted = new LinkedHashMap<>();
        used.perUnit(frames, "frame", counted);
        counted.forEach((name, value) -> {
            if (name.startsWith("cycles") || name.startsWith("misses")) {
                values.put(name.replace(".frame", ""), value);
            }
        });
        return values;
    }

    @Override
    public List<String> remarks() {
        List<String> remarks = new ArrayList<>(ThreadMeter.lacking(Cpus.currentThreadId()));
        remarks.removeIf(remark -> remark.startsWith("System calls"));
        remarks.addAll(lacking);
        remarks.add("DMA: no port of this machine offers it. Pages lent to the kernel stand in for it: they are pinned,"
                + " passed on and released like those of a frame under DMA, and the processor copies nothing.");
        return remarks;
    }

    @Override
    public void close() {
        routes.close();
        warm.close();
        cold.close();
    }
}
