package io.annulet.journey;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.annulet.guest.DriverTransmitQueue;
import io.annulet.guest.FrameFactory;
import io.annulet.guest.GuestOptions;
import io.annulet.guest.SimulatedGuest;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Guests whose ports may not do everything, on a back-end with two workers; what is dropped is told by stat. */
@Timeout(120)
final class PortPolicyTest {

    private static final int FRAMES = 200;
    private static final int LIES = 20;
    private static final int FRAME_BYTES = 100;
    private static final Duration LIMIT = Duration.ofSeconds(60);

    @TempDir
    private Path folder;

    @Test
    void guestsOfOneVlanTalkAndNobodyElseHearsThemAndLiesAreDropped() {
        String[] ports = {
            BackendProcess.guestPort(folder, "a", "vlan=10", "allow-mac=02:00:00:00:00:01", "allow-ip=10.0.0.1"),
            BackendProcess.guestPort(folder, "b", "vlan=10", "max-macs=4", "rate-in=10G", "rate-out=10G"),
            BackendProcess.guestPort(folder, "c", "vlan=20"),
            BackendProcess.guestPort(folder, "d")
        };
        try (BackendProcess backend = BackendProcess.start(
                        folder,
                        "--workers",
                        "2",
                        "--port",
                        ports[0],
                        "--port",
                        ports[1],
                        "--port",
                        ports[2],
                        "--port",
                        ports[3]);
                SimulatedGuest a = SimulatedGuest.connect(backend.socket("a"), GuestOptions.DEFAULTS);
                SimulatedGuest b = SimulatedGuest.connect(backend.socket("b"), GuestOptions.DEFAULTS);
                SimulatedGuest c = SimulatedGuest.connect(backend.socket("c"), GuestOptions.DEFAULTS);
                SimulatedGuest d = SimulatedGuest.connect(backend.socket("d"), GuestOptions.DEFAULTS)) {
            PacedTraffic traffic =
                    new PacedTraffic(a, PacedTraffic.mac(1), b, PacedTraffic.mac(2), PacedTraffic.WINDOW);
            traffic.exchange(FRAMES, number -> FRAME_BYTES, LIMIT);
            send(a, PacedTraffic.mac(9), PacedTraffic.mac(2));
            send(c, PacedTraffic.mac(3), PacedTraffic.mac(2));
            send(d, PacedTraffic.mac(4), PacedTraffic.mac(2));
            await(backend, "a", FRAMES + LIES);
            await(backend, "c", LIES);
            await(backend, "d", LIES);
            Stat stat = Stat.of(backend);
            assertEquals(LIES, stat.port("a", "in/dropped/spoofed-mac"), stat::toString);
            assertEquals(FRAMES, stat.port("b", "out/frames"), stat::toString);
            assertEquals(LIES, stat.port("c", "in/dropped/no-destination"), stat::toString);
            assertEquals(LIES, stat.port("d", "in/dropped/no-destination"), stat::toString);
            assertEquals(0, stat.port("c", "out/frames") + stat.port("d", "out/frames"), stat::toString);
            traffic.exchange(FRAMES, number -> FRAME_BYTES, LIMIT);
        }
    }

    private static void send(SimulatedGuest guest, long fromMac, long toMac) {
        FrameFactory frames = new FrameFactory(toMac, fromMac, 7);
        DriverTransmitQueue queue = guest.transmitQueue(0);
        for (int i = 0; i < LIES; i++) {
            frames.write(queue.reserve(), FRAME_BYTES);
            queue.submit(FRAME_BYTES);
        }
        queue.flush();
    }

    private static void await(BackendProcess backend, String port, long frames) {
        long deadlineNanos = System.nanoTime() + LIMIT.toNanos();
        while (backend.counter(port, "in.frames") < frames) {
            if (System.nanoTime() - deadlineNanos >= 0) {
                throw new AssertionError("port " + port + " did not bring in " + frames + " frames");
            }
            Pause.millis(1);
        }
    }
}
