package io.annulet.hostile;

import io.annulet.guest.DriverTransmitQueue;
import io.annulet.guest.FrameFactory;
import io.annulet.guest.GuestOptions;
import io.annulet.guest.SimulatedGuest;
import io.annulet.journey.BackendProcess;
import io.annulet.journey.Pause;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The case of class L of the catalogue that ends the back-end, and so has one for itself. */
@Timeout(120)
final class EndUnderLoadCasesTest {

    @TempDir
    private Path folder;

    /** The end is orderly: status 0, sockets and counters gone. */
    @Test
    void L09_itEndsInOrderUnderFullLoad() {
        try (BackendProcess backend = BackendProcess.withPorts(folder, "a", "b");
                SimulatedGuest one = SimulatedGuest.connect(backend.socket("a"), GuestOptions.DEFAULTS);
                SimulatedGuest other = SimulatedGuest.connect(backend.socket("b"), GuestOptions.DEFAULTS)) {
            AtomicBoolean ending = new AtomicBoolean();
            Thread load = Thread.ofPlatform().start(() -> {
                FrameFactory frames = new FrameFactory(Frames.TO_ALL, Villain.MAC, 1);
                while (!ending.get()) {
                    flood(one.transmitQueue(0), frames);
                    other.receiveQueue(0).receive(frame -> {}, 256);
                }
            });
            try {
                Pause.until("frames flow", Duration.ofSeconds(30), () -> backend.counter("a", "in.frames") > 10_000);
                backend.end();
            } finally {
                ending.set(true);
                join(load);
            }
        }
    }

    private static void flood(DriverTransmitQueue queue, FrameFactory frames) {
        for (long address = queue.reserve(); address != 0; address = queue.reserve()) {
            frames.write(address, 600);
            queue.submit(600);
        }
        queue.flush();
    }

    private static void join(Thread thread) {
        try {
            thread.join();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new AssertionError("interrupted", e);
        }
    }
}
