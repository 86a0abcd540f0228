package io.annulet.interop;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.annulet.guest.GuestOptions;
import io.annulet.guest.SimulatedGuest;
import io.annulet.journey.BackendProcess;
import io.annulet.journey.ManyQueuesTraffic;
import io.annulet.journey.PacedTraffic;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** DPDK's virtio-user driver as front-end on two ports of a running back-end. */
@Tag("slow")
@Tag("root")
@Timeout(180)
final class DpdkFrontEndTest {

    private static final int ENOUGH_FRAMES = 100_000;
    private static final int ENOUGH_FOR_CONTENTS = 4_000;
    private static final Duration WITHOUT_DISCARDS = Duration.ofMillis(500);
    private static String obstacle = "";

    @TempDir
    private Path folder;

    @BeforeAll
    static void install() {
        obstacle = Testpmd.obstacle().orElse("");
    }

    @BeforeEach
    void skipWithoutDpdk() {
        assumeTrue(obstacle.isEmpty(), obstacle);
    }

    private static Stream<Testpmd.Devices> devices() {
        return Stream.of(
                new Testpmd.Devices(false, true, 256),
                new Testpmd.Devices(false, false, 1024),
                new Testpmd.Devices(true, true, 1024),
                new Testpmd.Devices(true, false, 256));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("devices")
    void framesFlowBothWaysAndAgainAfterTestpmdWasKilled(Testpmd.Devices devices) throws IOException {
        try (BackendProcess backend =
                BackendProcess.start(folder, "--port", port("a", devices), "--port", port("b", devices))) {
            for (int life = 0; life < 2; life++) {
                removeLeftSockets(devices);
                try (Testpmd testpmd = Testpmd.start(devices, socket("a", devices), socket("b", devices))) {
                    testpmd.forwardOwnFrames(4);
                    testpmd.awaitReceived(ENOUGH_FRAMES);
                    assertNoErrors(testpmd);
                    // It is killed in the middle of its traffic.
                }
                backend.assertAlive();
            }
            assertEquals(2, backend.counter("a", "sessions"));
            assertEquals(0, backend.counter("a", "rings.broken") + backend.counter("b", "rings.broken"));
            backend.end();
        }
    }

    /** Every path of DPDK's driver. */
    private static Stream<Testpmd.Devices> devicesForContents() {
        Stream.Builder<Testpmd.Devices> all = Stream.builder();
        for (int queuePairs : new int[] {1, 4}) {
            for (boolean packed : new boolean[] {false, true}) {
                for (boolean mergeable : new boolean[] {true, false}) {
                    for (boolean inOrder : new boolean[] {false, true}) {
                        all.add(new Testpmd.Devices(false, mergeable, 256, packed, inOrder, queuePairs));
                    }
                }
            }
        }
        return all.build();
    }

    /** From one simulated guest through the back-end, testpmd and the back-end again to the other, and the same way back. */
    @ParameterizedTest(name = "{0}")
    @MethodSource("devicesForContents")
    void everyByteComesBackThroughTestpmdUnchanged(Testpmd.Devices devices) {
        GuestOptions options = GuestOptions.DEFAULTS.withQueuePairs(devices.queuePairs());
        try (BackendProcess backend = linkedBackend(devices);
                SimulatedGuest one = SimulatedGuest.connect(backend.socket("one"), options);
                SimulatedGuest other = SimulatedGuest.connect(backend.socket("other"), options);
                Testpmd testpmd = Testpmd.start(devices, socket("a", devices), socket("b", devices))) {
            testpmd.forward();
            awaitEnabledQueues(backend, one, other);
            ManyQueuesTraffic forth = new ManyQueuesTraffic(one, PacedTraffic.mac(1), other, PacedTraffic.mac(2));
            ManyQueuesTraffic back = new ManyQueuesTraffic(other, PacedTraffic.mac(2), one, PacedTraffic.mac(1));
            try {
                ManyQueuesTraffic.exchange(forth, back, ENOUGH_FOR_CONTENTS / devices.queuePairs());
            } catch (AssertionError stuck) {
                throw new AssertionError(stuck.getMessage() + "; back: " + back + "\n" + counted(backend), stuck);
            }
            forth.assertClean();
            back.assertClean();
            assertNoErrors(testpmd);
            assertEquals(0, backend.counter("a", "rings.broken") + backend.counter("b", "rings.broken"));
        }
    }

    /**
     * Waits until frames come on each flow and none was discarded for a while. Testpmd enables its queues one after the other,
     * and each that is enabled may take over a flow that another one had, while what testpmd sends on is not enabled yet.
     */
    private static void awaitEnabledQueues(BackendProcess backend, SimulatedGuest one, SimulatedGuest other) {
        long discarded = -1;
        long sinceNanos = System.nanoTime();
        while (System.nanoTime() - sinceNanos < WITHOUT_DISCARDS.toNanos()) {
            ManyQueuesTraffic.awaitEveryFlow(one, other);
            long now = backend.counter("a", "in.dropped.disabled") + backend.counter("b", "in.dropped.disabled");
            if (now != discarded) {
                discarded = now;
                sinceNanos = System.nanoTime();
            }
        }
    }

    /** Each simulated guest has a straight link to one of testpmd's devices; two workers for each link. */
    private BackendProcess linkedBackend(Testpmd.Devices devices) {
        List<String> arguments = new ArrayList<>(List.of("--workers", "4", "--link", "one=a", "--link", "b=other"));
        for (String name : List.of("a", "b", "one", "other")) {
            arguments.addAll(List.of("--port", port(name, devices) + ",queues=" + devices.queuePairs()));
        }
        return BackendProcess.start(folder, arguments.toArray(String[]::new));
    }

    /** What became of the frames, by each port's counters that are not 0. */
    private static String counted(BackendProcess backend) {
        StringBuilder text = new StringBuilder();
        backend.counters().ports().forEach((port, counters) -> {
            Map<String, Long> told = new TreeMap<>(counters);
            told.values().removeIf(value -> value == 0);
            text.append(port).append(": ").append(told).append('\n');
        });
        return text.toString();
    }

    private static void assertNoErrors(Testpmd testpmd) {
        for (int port = 0; port < 2; port++) {
            Map<String, Long> stats = testpmd.stats(port);
            for (String error : new String[] {"RX-errors", "TX-errors", "RX-missed", "RX-nombuf"}) {
                assertEquals(0, stats.get(error), error + " of port " + port + "; testpmd said:\n" + testpmd.text());
            }
        }
    }

    private String port(String name, Testpmd.Devices devices) {
        return name + "=vhost-user:" + socket(name, devices) + ",mode=" + (devices.listens() ? "client" : "server");
    }

    private Path socket(String name, Testpmd.Devices devices) {
        return devices.listens() ? folder.resolve(name + ".front-end") : BackendProcess.socket(folder, name);
    }

    /** DPDK refuses to listen where a socket was left behind by one that was killed. */
    private void removeLeftSockets(Testpmd.Devices devices) throws IOException {
        if (devices.listens()) {
            Files.deleteIfExists(socket("a", devices));
            Files.deleteIfExists(socket("b", devices));
        }
    }
}
