package io.annulet.cli.study.batching;

import io.annulet.cli.study.Point;
import java.util.concurrent.TimeUnit;

/** How long points are measured. */
record Durations(boolean quick) {

    /** The load of the experiment "paced", in frames a second: far below what any policy can do. */
    static final int PACED_FPS = 50_000;

    private static final int LOCK_STEP_MILLIS = 25;
    private static final int SATURATION_MILLIS = 40;
    private static final int PACED_MILLIS = 100;
    private static final int COUNTING_PART = 3;
    private static final int QUICK_PART = 5;

    long nanos(Point point, boolean counting) {
        int millis = switch (point.get("experiment")) {
            case "lockstep" -> LOCK_STEP_MILLIS;
            case "saturation" -> SATURATION_MILLIS;
            default -> PACED_MILLIS;
        };
        long nanos = TimeUnit.MILLISECONDS.toNanos(millis);
        return nanos / (counting ? COUNTING_PART : 1) / (quick ? QUICK_PART : 1);
    }

    /** Time between two frames; 0 for as fast as possible. */
    long stepNanos(Point point) {
        return point.has("experiment", "paced") ? TimeUnit.SECONDS.toNanos(1) / PACED_FPS : 0;
    }
}
