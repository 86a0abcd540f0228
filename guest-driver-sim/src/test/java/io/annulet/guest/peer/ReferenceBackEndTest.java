package io.annulet.guest.peer;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.annulet.guest.DeviceViolation;
import io.annulet.guest.DriverTransmitQueue;
import io.annulet.guest.FrameFactory;
import io.annulet.guest.FrontEndException;
import io.annulet.guest.GuestOptions;
import io.annulet.guest.SimulatedGuest;
import io.annulet.guest.TrafficChecker;
import io.annulet.linux.FileDescriptors;
import io.annulet.vhostuser.VirtioFeature;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The reference back-end is right where it is meant to be, and wrong as it was asked to be. */
@Timeout(60)
final class ReferenceBackEndTest {

    private static final long MAC_A = 0x02_00_00_00_00_0aL;
    private static final long MAC_B = 0x02_00_00_00_00_0bL;
    private static final int FRAMES = 3_000;
    private static final long QUIET_NANOS = 1_000_000_000;

    @TempDir
    private Path folder;

    private final FrameFactory frames = new FrameFactory(MAC_B, MAC_A, 0);
    private final TrafficChecker checker = new TrafficChecker(MAC_B, 1);
    private long violations;
    private long unknownBuffers;

    @ParameterizedTest
    @ValueSource(longs = {0, VirtioFeature.RING_PACKED})
    void losesNothingBetweenTwoGuests(long layout) {
        exchange(BackEndOptions.DEFAULTS, layout);
        assertEquals(FRAMES, checker.frames());
        assertTrue(checker.isClean(), checker::toString);
        assertEquals(0, violations + unknownBuffers);
    }

    @ParameterizedTest
    @EnumSource(
            value = Fault.class,
            names = {
                "DROPS",
                "DUPLICATES",
                "CORRUPTS",
                "TRUNCATES",
                "REORDERS",
                "MISDIRECTS",
                "RETURNS_UNKNOWN_BUFFERS",
                "CLAIMS_TOO_MANY_BYTES",
                "SAYS_NO_BUFFERS",
                "STOPS_TAKING",
                "STOPS_DELIVERING"
            })
    void doesWrongWhatItWasAskedTo(Fault fault) {
        exchange(BackEndOptions.DEFAULTS.withFault(fault, 100), 0);
        int times = FRAMES / 100;
        switch (fault) {
            case DROPS -> assertEquals(times, checker.lost());
            case DUPLICATES -> assertEquals(times, checker.duplicated());
            case CORRUPTS, TRUNCATES -> assertEquals(times, checker.corrupted());
            case REORDERS -> assertEquals(times - 1, checker.reordered(), "the last one has none behind it");
            case MISDIRECTS -> assertEquals(times, checker.misdelivered());
            case RETURNS_UNKNOWN_BUFFERS -> assertTrue(unknownBuffers > 0);
            case CLAIMS_TOO_MANY_BYTES, SAYS_NO_BUFFERS -> assertEquals(times, violations);
            default -> assertEquals(100, checker.frames());
        }
    }

    @Test
    void endsTheConnectionWhenAskedTo() {
        try (ReferenceBackEnd _ = start(BackEndOptions.DEFAULTS.withFault(Fault.CLOSES, 100));
                SimulatedGuest a = connect(0, GuestOptions.DEFAULTS);
                SimulatedGuest b = connect(1, GuestOptions.DEFAULTS)) {
            send(a, b, 200);
            assertTrue(a.frontEnd().awaitClosed(5_000_000_000L));
        }
    }

    @Test
    void refusesAMessageWhenAskedTo() {
        try (ReferenceBackEnd _ = start(BackEndOptions.DEFAULTS.withFault(Fault.REFUSES, 9))) {
            FrontEndException e = assertThrows(FrontEndException.class, () -> connect(0, GuestOptions.DEFAULTS));
            assertEquals(FrontEndException.Reason.REFUSED, e.reason());
        }
    }

    @Test
    void keepsSilentWhenAskedTo() {
        try (ReferenceBackEnd _ = start(BackEndOptions.DEFAULTS.withFault(Fault.KEEPS_SILENT, 7))) {
            GuestOptions impatient = GuestOptions.DEFAULTS.withTimeoutNanos(50_000_000);
            FrontEndException e = assertThrows(FrontEndException.class, () -> connect(0, impatient));
            assertEquals(FrontEndException.Reason.NO_REPLY, e.reason());
        }
    }

    @Test
    void frontEndsComeAndGoAndLeaveNothingBehind() {
        int before = FileDescriptors.openCount();
        try (ReferenceBackEnd _ = start(BackEndOptions.DEFAULTS)) {
            for (int i = 0; i < 5; i++) {
                try (SimulatedGuest guest = connect(0, GuestOptions.DEFAULTS.withQueuePairs(3))) {
                    guest.reset();
                    guest.shutdown();
                }
            }
        }
        assertEquals(before, FileDescriptors.openCount());
    }

    private void exchange(BackEndOptions options, long layout) {
        GuestOptions guest = GuestOptions.DEFAULTS.withFeatures(GuestOptions.LINUX_FEATURES | layout);
        try (ReferenceBackEnd _ = start(options);
                SimulatedGuest a = connect(0, guest);
                SimulatedGuest b = connect(1, guest)) {
            send(a, b, FRAMES);
        }
    }

    private ReferenceBackEnd start(BackEndOptions options) {
        return ReferenceBackEnd.listen(List.of(folder.resolve("a"), folder.resolve("b")), options);
    }

    private SimulatedGuest connect(int port, GuestOptions options) {
        return SimulatedGuest.connect(folder.resolve(port == 0 ? "a" : "b"), options);
    }

    /** Sends frames until all are sent, and receives until none has come for a while. */
    private void send(SimulatedGuest a, SimulatedGuest b, int count) {
        DriverTransmitQueue transmit = a.transmitQueue(0);
        long lastNanos = System.nanoTime();
        while (System.nanoTime() - lastNanos < QUIET_NANOS) {
            boolean any = false;
            for (int i = 0; i < 32 && frames.sequence() < count; i++) {
                long address = transmit.reserve();
                if (address != 0) {
                    frames.write(address, 64);
                    transmit.submit(64);
                    any = true;
                }
            }
            transmit.flush();
            any |= b.receiveQueue(0).receive(checker, 256) > 0;
            if (any) {
                lastNanos = System.nanoTime();
            }
        }
        transmit.reclaim();
        checker.closeFlow(0, frames.sequence());
        violations = b.receiveQueue(0).violations().total();
        unknownBuffers = transmit.violations().count(DeviceViolation.NOT_OFFERED);
    }
}
