package io.annulet.cli.bench;

/** What is measured, and how good it has to be. */
enum Target {
    FORWARD_SPLIT("64 B, split rings, of DPDK", 1.0, 1.5, true),
    FORWARD_PACKED("64 B, packed rings, of DPDK", 1.0, 1.5, true),
    FORWARD_LARGE("1,518 B, of DPDK", 1.5, 2.0, true),
    FORWARD_MIX("IMIX 7:4:1, of DPDK", 1.2, 1.7, true),
    SEGMENTS("64 KiB TSO, of memcpy", 0.6, 0.85, true),
    ALLOCATION("allocation, bytes a frame", 0, 0, false),
    COLLECTIONS("GC pauses under load", 0, 0, false),
    ROUND_TRIP_P50("round trip p50, of DPDK", 1.2, 0.9, false),
    ROUND_TRIP_P999("round trip p99.9, of DPDK", 1.2, 0.9, false),
    TAP("to tap, CPU a byte, of QEMU", 0.8, 0.5, false),
    IDLE_CPU("CPU when idle, % of a core", 1, 0.2, false),
    ADAPTIVE("adaptive, of busy polling", 0.95, 1.0, true),
    START("start to ready, s", 0.5, 0.25, false),
    MEMORY("memory of its own, MB", 200, 100, false);

    private final String title;
    private final double floor;
    private final double goal;
    private final boolean isMoreBetter;

    Target(String title, double floor, double goal, boolean isMoreBetter) {
        this.title = title;
        this.floor = floor;
        this.goal = goal;
        this.isMoreBetter = isMoreBetter;
    }

    String title() {
        return title;
    }

    /** What every release has to reach. */
    double floor() {
        return floor;
    }

    double goal() {
        return goal;
    }

    boolean isMoreBetter() {
        return isMoreBetter;
    }

    Verdict judge(double value) {
        if (Double.isNaN(value)) {
            return Verdict.NOT_MEASURED;
        }
        if (reaches(value, goal)) {
            return Verdict.GOAL;
        }
        return reaches(value, floor) ? Verdict.FLOOR : Verdict.MISSED;
    }

    private boolean reaches(double value, double limit) {
        return isMoreBetter ? value >= limit : value <= limit;
    }
}
