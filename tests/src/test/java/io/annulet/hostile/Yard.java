package io.annulet.hostile;

import static org.junit.jupiter.api.Assertions.assertTrue;

import io.annulet.guest.GuestOptions;
import io.annulet.guest.SimulatedGuest;
import io.annulet.guest.VhostUserFrontEnd;
import io.annulet.journey.BackendProcess;
import io.annulet.journey.Canary;
import io.annulet.journey.Holdings;
import io.annulet.journey.PacedTraffic;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Where hostile front-ends are let loose: a back-end with a port for the villain, a bystander on the same switch, and a
 * canary pair on a link of its own, all on one worker unless told otherwise. Used by one thread.
 */
final class Yard implements AutoCloseable {

    static final String VILLAIN = "villain";
    private static final String BYSTANDER = "bystander";
    private static final Duration LIMIT = Duration.ofSeconds(30);

    /** As many as a port may log in a second, the workers' own line, and some for the start. */
    private static final int LINES_A_SECOND = 11;

    private static final int LINES_OF_START = 100;

    private final long startNanos = System.nanoTime();
    private final BackendProcess backend;
    private final Canary canary;
    private final SimulatedGuest bystander;
    private final Holdings before;
    private int nextMac = 1;

    private Yard(BackendProcess backend, Canary canary, SimulatedGuest bystander) {
        this.backend = backend;
        this.canary = canary;
        this.bystander = bystander;
        // What a back-end makes once is made before anything is counted.
        useThePort(GuestOptions.DEFAULTS);
        this.before = backend.settledHoldings(3);
    }

    /** @param options for the villain's port, such as "seal=require" */
    static Yard open(Path folder, String... options) {
        return open(folder, 1, options);
    }

    /** As above, with so many workers for the switch, and as many for the canary's link. */
    static Yard open(Path folder, int workersOfEach, String... options) {
        List<String> arguments = new ArrayList<>(List.of("--link", Canary.ONE + "=" + Canary.OTHER));
        arguments.addAll(List.of("--workers", String.valueOf(workersOfEach == 1 ? 1 : 2 * workersOfEach)));
        arguments.addAll(List.of("--port", BackendProcess.guestPort(folder, VILLAIN, options)));
        for (String name : List.of(BYSTANDER, Canary.ONE, Canary.OTHER)) {
            arguments.addAll(List.of("--port", BackendProcess.guestPort(folder, name)));
        }
        BackendProcess backend = BackendProcess.start(folder, arguments.toArray(String[]::new));
        Canary canary = null;
        SimulatedGuest bystander = null;
        Yard yard = null;
        try {
            canary = Canary.start(backend);
            bystander = SimulatedGuest.connect(backend.socket(BYSTANDER), GuestOptions.DEFAULTS);
            yard = new Yard(backend, canary, bystander);
            return yard;
        } finally {
            if (yard == null) {
                close(bystander, canary, backend);
            }
        }
    }

    private static void close(@Nullable AutoCloseable... parts) {
        for (@Nullable AutoCloseable part : parts) {
            try {
                if (part != null) {
                    part.close();
                }
            } catch (Exception e) {
                throw new AssertionError(e);
            }
        }
    }

    BackendProcess backend() {
        return backend;
    }

    SimulatedGuest bystander() {
        return bystander;
    }

    VhostUserFrontEnd connect() {
        return VhostUserFrontEnd.connect(backend.socket(VILLAIN), LIMIT.toNanos());
    }

    SimulatedGuest attach(GuestOptions options) {
        return SimulatedGuest.connect(backend.socket(VILLAIN), options);
    }

    /** An honest guest attaches at the villain's port and exchanges frames with the bystander. */
    void useThePort(GuestOptions options) {
        try (SimulatedGuest honest = attach(options)) {
            exchange(honest, 30);
        }
    }

    void exchange(SimulatedGuest honest, int frames) {
        drainBystander();
        new PacedTraffic(
                        honest,
                        PacedTraffic.mac(nextMac++),
                        bystander,
                        PacedTraffic.mac(nextMac++),
                        PacedTraffic.WINDOW)
                .exchange(frames, number -> 60 + number * 37 % 1459, LIMIT);
    }

    /** Takes what others have flooded to it. */
    int drainBystander() {
        return bystander.receiveQueue(0).receive(frame -> {}, 1024);
    }

    /** Lets some time pass, by the canary's clock. */
    void awaitCanary() {
        canary.awaitFrames(2 * PacedTraffic.WINDOW);
    }

    /** That the process lives, holds no more than before, was not talkative, and that nobody else noticed anything. */
    void assertUnharmed() {
        backend.assertAlive();
        useThePort(GuestOptions.DEFAULTS);
        Holdings.awaitSame(before, backend.pid(), LIMIT);
        canary.assertUnharmed();
        long seconds = (System.nanoTime() - startNanos) / 1_000_000_000;
        long lines = backend.log().lines().count();
        assertTrue(lines <= LINES_OF_START + LINES_A_SECOND * seconds, () -> lines + " lines in " + seconds + " s");
    }

    @Override
    public void close() {
        close(bystander, canary, backend);
    }
}
