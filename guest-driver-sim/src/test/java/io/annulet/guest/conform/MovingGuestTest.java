package io.annulet.guest.conform;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.annulet.guest.DirtyLog;
import io.annulet.guest.FrontEndException;
import io.annulet.guest.GuestOptions;
import io.annulet.guest.InflightArea;
import io.annulet.guest.SimulatedGuest;
import io.annulet.vhostuser.ProtocolFeature;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A whole guest that has its back-end log what it writes, and that keeps the back-end's notes. */
@Timeout(60)
final class MovingGuestTest {

    private static final GuestOptions OPTIONS =
            GuestOptions.DEFAULTS.withProtocolFeatures(GuestOptions.QEMU_PROTOCOL_FEATURES
                    | ProtocolFeature.LOG_SHMFD.mask()
                    | ProtocolFeature.INFLIGHT_SHMFD.mask());
    private static final int FRAMES = 20;

    @Test
    void everyBufferAndTheRingAreLoggedWhileThatIsAskedFor() throws Exception {
        try (ReferenceBackEnd backEnd = ReferenceBackEnd.right()) {
            backEnd.start();
            try (SimulatedGuest receiver = SimulatedGuest.connect(backEnd.socket(0), OPTIONS);
                    SimulatedGuest sender = SimulatedGuest.connect(backEnd.socket(1), OPTIONS)) {
                deliver(sender, receiver, null);
                DirtyLog log = receiver.startLogging();
                assertEquals(0, log.dirtyPages());
                deliver(sender, receiver, log);
                assertTrue(log.isDirty(receiver.ram()
                        .guestAddressOf(
                                receiver.driver().vrings().getFirst().ring().usedHostAddress())));
                log.clear();
                assertEquals(0, log.dirtyPages());
                receiver.stopLogging();
                deliver(sender, receiver, null);
            }
        }
    }

    @Test
    void aBackEndThatForgetsToLogIsFound() throws Exception {
        try (ReferenceBackEnd backEnd = ReferenceBackEnd.wrong(Flaw.LOGS_NO_BUFFERS)) {
            backEnd.start();
            try (SimulatedGuest receiver = SimulatedGuest.connect(backEnd.socket(0), OPTIONS);
                    SimulatedGuest sender = SimulatedGuest.connect(backEnd.socket(1), OPTIONS)) {
                DirtyLog log = receiver.startLogging();
                assertThrows(AssertionError.class, () -> deliver(sender, receiver, log));
            }
        }
    }

    /** Sends frames one by one; the pages that each one lies in have to be in the log, if there is one. */
    private static void deliver(SimulatedGuest sender, SimulatedGuest receiver, @Nullable DirtyLog log) {
        for (int i = 0; i < FRAMES; i++) {
            assertTrue(sender.transmitQueue(0).send(new byte[1000]));
            sender.transmitQueue(0).flush();
            int[] received = {0};
            while (received[0] == 0) {
                receiver.receiveQueue(0)
                        .receive(
                                frame -> {
                                    received[0]++;
                                    long at = receiver.ram().guestAddressOf(frame.headerAddress());
                                    assertTrue(
                                            log == null || (log.isDirty(at) && log.isDirty(at + 1011)),
                                            "page of " + at);
                                },
                                1);
            }
            sender.transmitQueue(0).reclaim();
        }
    }

    @Test
    void theBackEndsNotesOutliveItAndNotTheReset() throws Exception {
        try (ReferenceBackEnd backEnd = ReferenceBackEnd.right()) {
            backEnd.start();
            try (SimulatedGuest guest = SimulatedGuest.connect(backEnd.socket(0), OPTIONS)) {
                InflightArea area = guest.inflight();
                assertNotNull(area);
                assertTrue(area.byteLength() > 0);
                guest.crash();
                guest.reconnect(backEnd.socket(0));
                assertSame(area, guest.inflight());
                guest.reset();
                assertNotSame(area, guest.inflight());
            }
        }
    }

    @Test
    void aGuestThatWasNotOfferedALogSaysSo() throws Exception {
        try (ReferenceBackEnd backEnd = ReferenceBackEnd.right()) {
            backEnd.start();
            try (SimulatedGuest guest = SimulatedGuest.connect(backEnd.socket(0), GuestOptions.DEFAULTS)) {
                FrontEndException refused = assertThrows(FrontEndException.class, guest::startLogging);
                assertEquals(FrontEndException.Reason.NOT_OFFERED, refused.reason());
            }
        }
    }
}
