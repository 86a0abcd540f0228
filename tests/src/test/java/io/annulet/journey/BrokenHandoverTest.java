package io.annulet.journey;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.annulet.backend.Backend;
import io.annulet.backend.BackendOptions;
import io.annulet.backend.PortOptions;
import io.annulet.backend.control.HandoverDoor;
import io.annulet.backend.control.VhostUserOptions;
import io.annulet.backend.data.PollMode;
import io.annulet.backend.handover.Giver;
import io.annulet.backend.handover.HandoverException;
import io.annulet.backend.handover.Taking;
import io.annulet.guest.GuestOptions;
import io.annulet.guest.SimulatedGuest;
import io.annulet.vhostuser.VirtioFeature;
import java.nio.file.Path;
import java.time.Duration;
import java.util.BitSet;
import java.util.List;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Supplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A hand-over fails at each of its steps: the back-end that served goes on, and its guests lose nothing. */
@Timeout(120)
final class BrokenHandoverTest {

    @TempDir
    private Path folder;

    private Backend serving;

    @BeforeEach
    void start() {
        serving = new Backend(options("a", "b"));
        serving.start();
    }

    @AfterEach
    void end() {
        serving.close();
    }

    private BackendOptions options(String... ports) {
        return new BackendOptions(
                List.of(ports).stream()
                        .map(name -> (PortOptions) new PortOptions.Guest(VhostUserOptions.server(name, socket(name))))
                        .toList(),
                List.of(),
                1,
                new BitSet(),
                PollMode.ADAPTIVE,
                folder.resolve("counters"),
                folder.resolve("state"),
                Duration.ofSeconds(1),
                0);
    }

    private Path socket(String port) {
        return folder.resolve(port);
    }

    private Taking begin() {
        List<Giver.PortName> ports = List.of(name("a"), name("b"));
        return Taking.begin(HandoverDoor.path(folder.resolve("state"), ports), ports);
    }

    private Giver.PortName name(String port) {
        return new Giver.PortName(port, "vhost-user", socket(port).toString());
    }

    private static GuestOptions guest(boolean packed) {
        return packed
                ? GuestOptions.DEFAULTS.withFeatures(GuestOptions.LINUX_FEATURES | VirtioFeature.RING_PACKED)
                : GuestOptions.DEFAULTS;
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void goesOnWhereverTheOtherProcessLeaves(boolean packed) {
        try (SimulatedGuest a = SimulatedGuest.connect(socket("a"), guest(packed));
                SimulatedGuest b = SimulatedGuest.connect(socket("b"), guest(packed))) {
            RestartTraffic traffic = new RestartTraffic(a, b);
            traffic.run(500);
            Taking onlyAsks = beginOnceFree();
            onlyAsks.close();
            traffic.run(500);
            try (Taking commits = beginOnceFree()) {
                commits.commit().fds().close();
            }
            traffic.run(500);
            try (Taking getsEverything = beginOnceFree()) {
                getsEverything.commit().fds().close();
                getsEverything.ready();
            }
            traffic.run(500);
            takeOver();
            traffic.run(500);
            for (long lost : traffic.settle()) {
                assertEquals(0, lost, traffic::toString);
            }
        }
    }

    private Taking beginOnceFree() {
        return onceFree(this::begin);
    }

    /** For as long as the last hand-over has not been seen off, the next one is turned away. */
    private static <T> T onceFree(Supplier<T> asking) {
        AtomicReference<T> answer = new AtomicReference<>();
        Pause.until("it is asked again", Duration.ofSeconds(20), () -> {
            try {
                answer.set(asking.get());
                return true;
            } catch (HandoverException busy) {
                return false;
            }
        });
        return answer.get();
    }

    private void takeOver() {
        Backend next = new Backend(options("a", "b"));
        onceFree(() -> {
            next.takeOver();
            return next;
        });
        next.start();
        serving.handedOver().join();
        serving.close();
        serving = next;
    }

    @Test
    void leavesTheSocketsToTheProcessThatComesAfter() {
        takeOver();
        try (SimulatedGuest a = SimulatedGuest.connect(socket("a"), guest(false));
                SimulatedGuest b = SimulatedGuest.connect(socket("b"), guest(false))) {
            RestartTraffic traffic = new RestartTraffic(a, b);
            traffic.run(500);
        }
        serving.close();
        assertFalse(socket("a").toFile().exists());
    }

    @Test
    void tellsASecondProcessThatAnotherIsTakingOver() {
        try (Taking first = begin()) {
            HandoverException second = assertThrows(HandoverException.class, this::begin);
            assertTrue(
                    String.valueOf(second.getMessage()).contains("another process is taking over"), second::toString);
            first.commit().fds().close();
        }
    }

    @Test
    void saysWhyThereIsNothingToTakeOver() {
        HandoverException others =
                assertThrows(HandoverException.class, () -> new Backend(options("a", "c")).takeOver());
        assertTrue(String.valueOf(others.getMessage()).contains("no back-end with these ports"), others.getMessage());
    }
}
