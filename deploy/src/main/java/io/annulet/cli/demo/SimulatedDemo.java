package io.annulet.cli.demo;

import io.annulet.guest.GuestOptions;
import io.annulet.guest.SimulatedGuest;
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
        cleanup.add(folder);
        DemoBackend backend = progress.step("back-end with ports a and b", () -> cleanup.add(startBackend()));
        SimulatedTraffic traffic = progress.step("guests a and b attach", () -> attach(cleanup));
        List<Figure> figures = new ArrayList<>();
        figures.add(progress.step("frames both ways, each checked", () -> traffic.flood(TRAFFIC_TIME)));
        figures.add(progress.step("round trips from a to b", () -> traffic.roundTrips(ROUND_TRIPS)));
        return new Outcome(figures, backend.counters(), List.of("./annulet stat"));
    }

    private DemoBackend startBackend() {
        return DemoBackend.start(List.of(
                DemoBackend.guestPort("a", folder.socket("a")), DemoBackend.guestPort("b", folder.socket("b"))));
    }

    private SimulatedTraffic attach(Cleanup cleanup) {
        SimulatedGuest a = cleanup.add(SimulatedGuest.connect(folder.socket("a"), GuestOptions.DEFAULTS));
        SimulatedGuest b = cleanup.add(SimulatedGuest.connect(folder.socket("b"), GuestOptions.DEFAULTS));
        SimulatedTraffic traffic = new SimulatedTraffic(a, b);
        traffic.awaitForwarding();
        return traffic;
    }

    @Override
    public List<String> evidence() {
        return List.of();
    }
}
