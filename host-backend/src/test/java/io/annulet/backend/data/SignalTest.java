package io.annulet.backend.data;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.annulet.backend.data.CallPolicy.Mode;
import io.annulet.backend.stats.PortCounters;
import io.annulet.linux.EventFd;
import java.util.HashMap;
import java.util.Map;
import org.agrona.concurrent.status.CountersManager;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** When a driver is called, by a clock of the test's own. */
final class SignalTest {

    private static final boolean WANTED = true;
    private static final long TIME = 50_000;

    private final CountersManager manager = ArenaGuest.newCounters();
    private final PortCounters counters = new PortCounters(manager, "port");
    private final EventFd call = EventFd.create(true, 0);
    private Signal signal = signal(CallPolicy.OFF);

    private Signal signal(CallPolicy policy) {
        return new Signal(policy, call, null);
    }

    @AfterEach
    void close() {
        call.close();
    }

    private Map<String, Long> calls() {
        Map<String, Long> calls = new HashMap<>();
        manager.forEach((value, id, label) -> {
            if (label.startsWith("port calls.") && value != 0) {
                calls.put(label.substring("port calls.".length()), value);
            }
        });
        return calls;
    }

    private boolean publish(boolean wanted, int frames, long atNanos) {
        return signal.callDriverSoon(wanted, frames, atNanos, counters);
    }

    @Test
    void everyCallThatIsWantedIsMadeAtOnceIfNoneArePutOff() {
        assertFalse(signal.putsOff());
        signal.callDriver(WANTED, counters);
        signal.callDriver(!WANTED, counters);
        signal.callDriver(WANTED, counters);
        assertEquals(2, call.drain());
        assertEquals(Map.of("sent", 2L, "suppressed", 1L), calls());
    }

    @Test
    void aCallWaitsUntilEnoughFramesWaitForIt() {
        for (int frames = 1; frames <= 8; frames++) {
            signal = signal(new CallPolicy(Mode.ON, frames, TIME));
            for (int i = 1; i < frames; i++) {
                assertEquals(i == 1, publish(WANTED, 1, i));
            }
            assertEquals(0, call.drain(), "before frame " + frames);
            assertFalse(publish(WANTED, 1, frames));
            assertEquals(1, call.drain(), "at frame " + frames);
        }
    }

    @Test
    void aBurstOfEnoughFramesIsCalledForAtOnce() {
        signal = signal(new CallPolicy(Mode.ON, 4, TIME));
        assertFalse(publish(WANTED, 4, 0));
        assertEquals(1, call.drain());
    }

    @Test
    void aCallWaitsNoLongerThanItsTime() {
        signal = signal(new CallPolicy(Mode.ON, 100, TIME));
        assertTrue(publish(WANTED, 1, 0));
        assertEquals(TIME, signal.dueNanos());
        assertFalse(publish(WANTED, 1, TIME - 1), "owed already");
        signal.callIfDue(TIME - 1, counters);
        assertEquals(0, call.drain());
        signal.callIfDue(TIME, counters);
        assertEquals(1, call.drain());
        signal.callIfDue(2 * TIME, counters);
        assertEquals(0, call.drain(), "made already");
        assertEquals(Map.of("sent", 1L, "coalesced", 1L), calls());
    }

    @Test
    void aPublicationAfterTheTimeMakesTheCallThatIsOwed() {
        signal = signal(new CallPolicy(Mode.ON, 100, TIME));
        publish(WANTED, 1, 0);
        assertFalse(publish(!WANTED, 1, TIME + 1));
        assertEquals(1, call.drain());
    }

    /** With event indexes a driver wants one call, and says nothing more until it has come. */
    @Test
    void aCallThatIsOwedStaysOwedThoughLaterPublicationsWantNone() {
        signal = signal(new CallPolicy(Mode.ON, 3, TIME));
        assertFalse(publish(!WANTED, 5, 0));
        assertTrue(publish(WANTED, 1, 1));
        publish(!WANTED, 1, 2);
        publish(!WANTED, 1, 3);
        assertEquals(1, call.drain());
        assertEquals(Map.of("sent", 1L, "suppressed", 1L, "coalesced", 2L), calls());
    }

    @Test
    void whatIsOwedWhenAQueueEndsIsCalledFor() {
        signal = signal(new CallPolicy(Mode.ON, 100, TIME));
        publish(WANTED, 1, 0);
        signal.callIfOwed(counters);
        signal.callIfOwed(counters);
        assertEquals(1, call.drain());
    }

    @Test
    void aNewDescriptorIsSignalledInTheirPlace() {
        signal = signal(new CallPolicy(Mode.ON, 100, TIME));
        publish(WANTED, 1, 0);
        try (EventFd other = EventFd.create(true, 0)) {
            signal.replaceCall(other);
            assertEquals(1, other.drain());
            signal.callIfDue(TIME, counters);
            assertEquals(0, other.drain());
        }
        assertEquals(0, call.drain());
    }

    @Test
    void callsWithoutADescriptorFail() {
        signal = new Signal(new CallPolicy(Mode.ON, 100, TIME), null, null);
        publish(WANTED, 1, 0);
        signal.callIfDue(TIME, counters);
        assertEquals(Map.of("failed", 1L), calls());
    }

    @Test
    void adaptivelyARequestAndItsAnswerAreNotHeldUp() {
        signal = signal(new CallPolicy(Mode.ADAPTIVE, 32, TIME));
        for (long now = 0; now < 100 * TIME; now += TIME / 4) {
            assertFalse(publish(WANTED, 1, now));
        }
        assertEquals(Map.of("sent", 400L), calls());
    }

    @Test
    void adaptivelyCallsArePutOffOnceAQueueIsBusyAndAsLongAsItIs() {
        signal = signal(new CallPolicy(Mode.ADAPTIVE, 32, TIME));
        long now = 0;
        for (int i = 1; i < CallPolicy.BUSY_FRAMES; i++) {
            assertFalse(publish(WANTED, 1, now++));
        }
        assertTrue(publish(WANTED, 1, now++), "busy from here on");
        assertEquals(CallPolicy.BUSY_FRAMES - 1, call.drain());
        signal.callIfDue(signal.dueNanos(), counters);
        assertEquals(1, call.drain());
        assertTrue(publish(WANTED, 1, TIME + 10), "the stretch before was busy");
        signal.callIfDue(signal.dueNanos(), counters);
        assertFalse(publish(WANTED, 1, 10 * TIME), "quiet again");
        assertEquals(2, call.drain());
    }

    @Test
    void aPolicyHasLimits() {
        assertThrows(IllegalArgumentException.class, () -> CallPolicy.of(Mode.ON, 0, 50));
        assertThrows(IllegalArgumentException.class, () -> CallPolicy.of(Mode.ON, 32_769, 50));
        assertThrows(IllegalArgumentException.class, () -> CallPolicy.of(Mode.ADAPTIVE, 32, 0));
        assertThrows(IllegalArgumentException.class, () -> CallPolicy.of(Mode.ADAPTIVE, 32, 1_000_001));
        assertEquals(CallPolicy.OFF, CallPolicy.of(Mode.OFF, 32, 50));
    }
}
