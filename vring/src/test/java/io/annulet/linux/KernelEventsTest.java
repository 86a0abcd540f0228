package io.annulet.linux;

import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** Events of the kernel's own, which it is asked for as udev's administrators do. */
final class KernelEventsTest {
    private static final Path LOOPBACK = Path.of("/sys/class/net/lo/uevent");

    @Test
    void anEventOfTheKernelComesWithItsWords() throws IOException {
        assumeTrue(Files.isWritable(LOOPBACK), "only root may ask the kernel for an event");
        Optional<KernelEvents> listening = KernelEvents.listen();
        assumeTrue(listening.isPresent(), "the kernel lets nobody listen here");
        try (KernelEvents events = listening.orElseThrow()) {
            Files.writeString(LOOPBACK, "change");
            long deadlineNanos = System.nanoTime() + Duration.ofSeconds(30).toNanos();
            List<String> event = List.of();
            while (!event.contains("INTERFACE=lo") && System.nanoTime() < deadlineNanos) {
                event = events.next(Duration.ofSeconds(1).toNanos());
            }
            assertTrue(event.contains("ACTION=change") && event.contains("INTERFACE=lo"), event::toString);
        }
    }
}
