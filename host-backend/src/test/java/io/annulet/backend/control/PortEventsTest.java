package io.annulet.backend.control;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.annulet.guest.Payloads;
import io.annulet.vhostuser.VhostUserRequest;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import jdk.jfr.Recording;
import jdk.jfr.consumer.RecordedEvent;
import jdk.jfr.consumer.RecordingFile;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What Flight Recorder is told of a port. */
@Timeout(120)
final class PortEventsTest extends ControlTest {

    private static final long PATIENCE_SECONDS = 60;
    private static final long UNKNOWN_STATUS = 0x100;

    @TempDir
    private Path folder;

    @Test
    void aRecordingTellsOfSessionsFaultsAndResets() throws IOException, InterruptedException {
        try (Recording recording = new Recording()) {
            recording.start();
            try (TestSession session = withMemory()) {
                session.startRing(0);
                session.assertAccepts(VhostUserRequest.RESET_DEVICE, Payloads.nothing());
                session.assertAccepts(VhostUserRequest.SET_STATUS, Payloads.u64(0));
                session.assertRefuses(VhostUserRequest.SET_STATUS, Payloads.u64(UNKNOWN_STATUS));
            }
            List<RecordedEvent> events = read(recording, 1);
            long deadlineNanos = System.nanoTime() + TimeUnit.SECONDS.toNanos(PATIENCE_SECONDS);
            for (int i = 2; count(events, "annulet.SessionDown") == 0; i++) {
                assertTrue(System.nanoTime() - deadlineNanos < 0, events::toString);
                Thread.sleep(50);
                events = read(recording, i);
            }
            assertEquals(1, count(events, "annulet.SessionUp"));
            assertEquals(1, count(events, "annulet.SessionDown"));
            assertEquals(1, count(events, "annulet.Fault"));
            List<RecordedEvent> resets = named(events, "annulet.Reset");
            assertEquals(
                    List.of("RESET_DEVICE", "SET_STATUS"),
                    resets.stream().map(event -> event.getString("message")).toList());
            assertEquals(1, resets.getFirst().getLong("session"));
        }
    }

    private List<RecordedEvent> read(Recording recording, int number) throws IOException {
        Path file = folder.resolve(number + ".jfr");
        recording.dump(file);
        return RecordingFile.readAllEvents(file).stream()
                .filter(event -> event.getEventType().getName().startsWith("annulet."))
                .toList();
    }

    private static List<RecordedEvent> named(List<RecordedEvent> events, String name) {
        return events.stream()
                .filter(event -> event.getEventType().getName().equals(name))
                .toList();
    }

    private static long count(List<RecordedEvent> events, String name) {
        return named(events, name).size();
    }
}
