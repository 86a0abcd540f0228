package io.annulet.hostile;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.annulet.guest.DriverTransmitQueue;
import io.annulet.guest.FrameFactory;
import io.annulet.guest.FrontEndException;
import io.annulet.guest.GuestOptions;
import io.annulet.guest.RamOptions;
import io.annulet.guest.SimulatedGuest;
import io.annulet.journey.PacedTraffic;
import io.annulet.linux.Errno;
import io.annulet.linux.Fd;
import io.annulet.linux.FileDescriptors;
import io.annulet.linux.LinuxException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** A front-end that takes its memory away loses its port, and nothing else happens; or it cannot take it away. */
@Tag("slow")
@Timeout(120)
final class TruncatedMemoryTest {

    private static final long BROADCAST = 0xffff_ffff_ffffL;
    private static final long BYSTANDER_MAC = PacedTraffic.mac(0xb0b);
    private static final long VILLAIN_MAC = PacedTraffic.mac(0xbad);
    private static final long LIMIT_NANOS = Duration.ofSeconds(20).toNanos();
    private static final long RAM_BYTES = 16L << 20;

    /** What is left of the memory: nothing; the rings and some buffers; all but the last page. */
    private static final List<Long> LEFT_BYTES = List.of(0L, 128L << 10, 512L << 10, RAM_BYTES - 4096);

    private static final int ROUNDS = 6;

    @TempDir
    private Path folder;

    /** What goes on when the memory disappears. */
    enum Moment {
        IDLE {
            @Override
            void begin(SimulatedGuest villain, SimulatedGuest bystander) {}
        },
        TRANSMIT {
            @Override
            void begin(SimulatedGuest villain, SimulatedGuest bystander) {
                flood(villain, BROADCAST, VILLAIN_MAC);
            }
        },
        RECEIVE {
            @Override
            void begin(SimulatedGuest villain, SimulatedGuest bystander) {
                flood(bystander, BROADCAST, BYSTANDER_MAC);
            }
        },
        BOTH_WAYS {
            @Override
            void begin(SimulatedGuest villain, SimulatedGuest bystander) {
                flood(bystander, BROADCAST, BYSTANDER_MAC);
                flood(villain, BROADCAST, VILLAIN_MAC);
            }
        };

        /** Leaves the back-end with a ring full of work. */
        abstract void begin(SimulatedGuest villain, SimulatedGuest bystander);
    }

    private static void flood(SimulatedGuest guest, long destination, long source) {
        DriverTransmitQueue queue = guest.transmitQueue(0);
        FrameFactory frames = new FrameFactory(destination, source, 9);
        for (long address = queue.reserve(); address != 0; address = queue.reserve()) {
            frames.write(address, queue.maxFrameByteLength());
            queue.submit(queue.maxFrameByteLength());
        }
        queue.flush();
    }

    private static GuestOptions withMemory(RamOptions.Backing backing) {
        return GuestOptions.DEFAULTS.withRam(RamOptions.of(RAM_BYTES).withBacking(backing));
    }

    @ParameterizedTest
    @EnumSource
    void onlyThePortOfWhoTruncatesIsLost(Moment moment) {
        assertOnlyThePortOfWhoTruncatesIsLost(moment, 1);
    }

    /** The bystander's worker has borrowed the villain's queue, or the villain's the bystander's. */
    @ParameterizedTest
    @EnumSource
    void soItIsWhereAnotherWorkerDeliversToItsQueue(Moment moment) {
        assertOnlyThePortOfWhoTruncatesIsLost(moment, 2);
    }

    private void assertOnlyThePortOfWhoTruncatesIsLost(Moment moment, int workers) {
        GuestOptions options = withMemory(RamOptions.Backing.SHM_FILE);
        try (Yard yard = Yard.open(folder, workers)) {
            for (int round = 0; round < ROUNDS; round++) {
                for (long left : LEFT_BYTES) {
                    truncateOnce(yard, options, moment, left);
                }
            }
            assertTrue(yard.backend().log().contains("its memory went away"), yard.backend()::log);
            yard.assertUnharmed();
        }
    }

    private static void truncateOnce(Yard yard, GuestOptions options, Moment moment, long leftBytes) {
        try (SimulatedGuest villain = yard.attach(options)) {
            yard.exchange(villain, 10);
            moment.begin(villain, yard.bystander());
            FileDescriptors.truncate(villain.ram().regions().getFirst().file(), leftBytes);
            // From here on this process may not touch that memory either.
            if (leftBytes == 0) {
                assertTrue(villain.frontEnd().awaitClosed(LIMIT_NANOS), "the port is not taken from it");
            }
            yard.drainBystander();
        }
    }

    @Test
    void memoryThatCanBeSealedCannotBeTakenAway() {
        try (Yard yard = Yard.open(folder, "seal=require");
                SimulatedGuest guest = yard.attach(withMemory(RamOptions.Backing.SEALABLE_MEMFD))) {
            yard.exchange(guest, 100);
            Fd memory = guest.ram().regions().getFirst().file();
            LinuxException refused =
                    assertThrows(LinuxException.class, () -> FileDescriptors.truncate(memory, RAM_BYTES - 4096));
            assertEquals(Errno.EPERM, refused.errno());
            yard.exchange(guest, 100);
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"SHM_FILE", "UNSEALABLE_MEMFD"})
    void memoryThatCannotBeSealedIsServedUnlessSealingIsRequired(RamOptions.Backing backing) {
        GuestOptions options = withMemory(backing);
        try (Yard yard = Yard.open(folder)) {
            yard.useThePort(options);
        }
        try (Yard yard = Yard.open(folder, "seal=require")) {
            FrontEndException refused = assertThrows(FrontEndException.class, () -> yard.attach(options));
            assertEquals(FrontEndException.Reason.REFUSED, refused.reason());
            yard.assertUnharmed();
        }
    }
}
