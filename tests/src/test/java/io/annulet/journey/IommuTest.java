package io.annulet.journey;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.annulet.guest.DriverReceiveQueue;
import io.annulet.guest.DriverTransmitQueue;
import io.annulet.guest.FrameFactory;
import io.annulet.guest.GuestOptions;
import io.annulet.guest.IoTranslation;
import io.annulet.guest.SimulatedGuest;
import io.annulet.guest.TrafficChecker;
import io.annulet.vhostuser.VirtioFeature;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Guests behind an IOMMU whose addresses are told, taken back and told again under traffic: a sender's frames wait and all
 * arrive, a receiver's may be dropped while it has no buffers, and none is ever changed.
 */
@Tag("slow")
@Timeout(300)
final class IommuTest {

    private static final Duration LIMIT = Duration.ofSeconds(60);
    private static final GuestOptions TRANSLATED =
            GuestOptions.DEFAULTS.withFeatures(GuestOptions.LINUX_FEATURES | VirtioFeature.ACCESS_PLATFORM);
    private static final GuestOptions PACKED = GuestOptions.DEFAULTS.withFeatures(
            GuestOptions.LINUX_FEATURES | VirtioFeature.ACCESS_PLATFORM | VirtioFeature.RING_PACKED);
    private static final int WINDOW = 16;

    @TempDir
    private Path folder;

    /** Frames one way, so many under way at most; used by one thread. */
    private static final class Flow {
        private final DriverTransmitQueue out;
        private final DriverReceiveQueue in;
        private final FrameFactory frames;
        private final TrafficChecker checker;
        private final List<SimulatedGuest> guests;
        private final boolean mayLose;
        private long settled;

        /** @param mayLose whether frames may be dropped, so that those that did not arrive for long are given up */
        Flow(SimulatedGuest from, SimulatedGuest to, boolean mayLose) {
            this.mayLose = mayLose;
            this.out = from.transmitQueue(0);
            this.in = to.receiveQueue(0);
            long mac = PacedTraffic.mac(2);
            this.frames = new FrameFactory(mac, PacedTraffic.mac(1), 0);
            this.checker = new TrafficChecker(mac, 1);
            this.guests = List.of(from, to);
        }

        /** One turn. */
        void step() {
            for (SimulatedGuest guest : guests) {
                IoTranslation translation = guest.translation();
                if (translation != null) {
                    translation.serve(0);
                }
            }
            while (frames.sequence() - settled < WINDOW) {
                long address = out.reserve();
                if (address == 0) {
                    break;
                }
                int byteLength = 60 + (int) (frames.sequence() * 37 % 1455);
                frames.write(address, byteLength);
                out.submit(byteLength);
            }
            out.flush();
            in.receive(checker, WINDOW);
            settled = Math.max(settled, checker.nextSequence(0));
        }

        /** Runs until so many more frames have arrived; {@code meanwhile} every hundred turns. */
        void run(long more, Runnable meanwhile) {
            long target = checker.frames() + more;
            long deadlineNanos = System.nanoTime() + LIMIT.toNanos();
            long seen = checker.frames();
            long lastNanos = System.nanoTime();
            for (int turn = 1; checker.frames() < target; turn++) {
                assertTrue(System.nanoTime() - deadlineNanos < 0, () -> "not all frames came: " + checker);
                step();
                if (turn % 100 == 0) {
                    meanwhile.run();
                }
                if (checker.frames() > seen) {
                    seen = checker.frames();
                    lastNanos = System.nanoTime();
                } else if (mayLose && System.nanoTime() - lastNanos > 20_000_000) {
                    settled = frames.sequence(); // lost, or late, which the checker tells apart
                    lastNanos = System.nanoTime();
                }
            }
        }

        void assertNothingWrong() {
            assertEquals(0, checker.corrupted(), checker::toString);
            assertEquals(0, checker.duplicated(), checker::toString);
            assertEquals(0, checker.reordered(), checker::toString);
            assertEquals(0, checker.misdelivered(), checker::toString);
            assertEquals(0, in.violations().total() + out.violations().total(), checker::toString);
            if (!mayLose) {
                assertEquals(0, checker.lost(), checker::toString);
            }
        }
    }

    private static IoTranslation translation(SimulatedGuest guest) {
        return Objects.requireNonNull(guest.translation());
    }

    private BackendProcess backend(int workers) {
        return BackendProcess.start(
                folder,
                "--port",
                BackendProcess.guestPort(folder, "a", "iommu=on"),
                "--port",
                BackendProcess.guestPort(folder, "b", "iommu=on"),
                "--workers",
                String.valueOf(workers));
    }

    @ParameterizedTest
    @CsvSource({"false,1", "true,1", "false,2", "true,2"})
    void aSendersFramesWaitForItsAddressesAndAllArrive(boolean packed, int workers) {
        try (BackendProcess backend = backend(workers);
                SimulatedGuest a = SimulatedGuest.connect(backend.socket("a"), packed ? PACKED : TRANSLATED);
                SimulatedGuest b = SimulatedGuest.connect(backend.socket("b"), GuestOptions.DEFAULTS)) {
            Flow flow = new Flow(a, b, false);
            flow.run(4_000, translation(a)::invalidateAll);
            flow.assertNothingWrong();
            assertTrue(translation(a).misses() > 100, () -> translation(a).misses() + " questions");
            assertEquals(0, translation(a).failures());
        }
    }

    @ParameterizedTest
    @CsvSource({"false,1", "true,1", "false,2", "true,2"})
    void whatAReceiverTakesBackIsNotWrittenAndTheRestArrives(boolean packed, int workers) {
        try (BackendProcess backend = backend(workers);
                SimulatedGuest a = SimulatedGuest.connect(backend.socket("a"), GuestOptions.DEFAULTS);
                SimulatedGuest b = SimulatedGuest.connect(backend.socket("b"), packed ? PACKED : TRANSLATED)) {
            Flow flow = new Flow(a, b, true);
            flow.run(3_000, translation(b)::invalidateAll);
            flow.run(3_000, () -> {});
            flow.assertNothingWrong();
            assertTrue(translation(b).misses() > 100, () -> translation(b).misses() + " questions");
            assertEquals(0, translation(b).failures());
        }
    }

    /** An IOTLB is a cache: the process that takes over knows nothing, and asks. */
    @Test
    void aBackEndThatTakesOverAsksAnew() {
        InstalledBackend backend = new InstalledBackend(folder, "a,iommu=on", "b,iommu=on");
        backend.start();
        try (SimulatedGuest a = SimulatedGuest.connect(backend.socket("a"), TRANSLATED);
                SimulatedGuest b = SimulatedGuest.connect(backend.socket("b"), PACKED)) {
            Flow flow = new Flow(a, b, true);
            flow.run(1_000, () -> {});
            long before = translation(a).misses();
            Child next = backend.launch("--takeover");
            Child old = backend.child();
            while (!next.text().contains("ready") && next.isAlive()) {
                flow.step();
            }
            assertTrue(next.isAlive(), next::text);
            assertEquals(0, old.awaitEnd(LIMIT), old::text);
            backend.replaceWith(next);
            flow.run(2_000, () -> {});
            flow.assertNothingWrong();
            assertTrue(translation(a).misses() > before, "nothing was asked");
        } finally {
            backend.close();
        }
    }
}
