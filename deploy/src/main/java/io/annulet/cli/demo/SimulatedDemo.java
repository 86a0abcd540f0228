package io.annulet.cli.demo;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/** Two simulated guests on one back-end, over its sockets: checked frames both ways, then round trips. */
public final class SimulatedDemo implements Demonstration {

    private static final Duration TRAFFIC_TIME = Duration.ofSeconds(2);
    private static final int ROUND_TRIPS = 2_000;

    private final WorkFolder folder = WorkFolder.create();

    @Override
    public Outcome play(Progress progress, Cleanup cleanup) {
        cleanup.make(() -> folder);
        DemoBackend backend = progress.step("back-end with ports a and b", () -> cleanup.make(this::startBackend));
        List<Figure> figures = new ArrayList<>();
        // The clean-up may run on another thread, and the guests' memory must not go while this one is at work on it.
        try (SimulatedTraffic traffic = progress.step("guests a and b attach", this::attach)) {
            progress.step("first frame each way", traffic::awaitForwarding);
            figures.add(progress.step("frames both ways, each checked", () -> traffic.flood(TRAFFIC_TIME)));
            figures.add(progress.step("round trips from a to b", () -> traffic.roundTrips(ROUND_TRIPS)));
            return new Outcome(figures, backend.counters(), List.of("./annulet stat"));
        }
    }

    private DemoBackend startBackend() {
        return DemoBackend.start(List.of(
                DemoBackend.guestPort("a", folder.socket("a")), DemoBackend.guestPort("b", folder.socket("b"))));
    }

    private SimulatedTraffic attach() {
        return SimulatedTraffic.connect(folder.socket("a"), folder.socket("b"));
    }

    @Override
    public List<String> evidence() {
        return List.of();
    }
}
