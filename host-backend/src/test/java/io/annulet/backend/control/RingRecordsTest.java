package io.annulet.backend.control;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.annulet.backend.data.RingRecord;
import io.annulet.guest.DriverReceiveQueue;
import io.annulet.guest.DriverTransmitQueue;
import io.annulet.guest.FrameFactory;
import io.annulet.guest.GuestOptions;
import io.annulet.guest.RawRing;
import io.annulet.guest.SimulatedGuest;
import io.annulet.guest.TrafficChecker;
import io.annulet.vhostuser.VirtioFeature;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.Objects;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What a back-end makes of the records that the one before it left, whatever moment it died at. */
@Timeout(60)
final class RingRecordsTest {

    private static final long A_MAC = 0x02_00_00_00_0e_01L;
    private static final long B_MAC = 0x02_00_00_00_0e_02L;
    private static final GuestOptions PATIENT = GuestOptions.DEFAULTS.withTimeoutNanos(30_000_000_000L);
    private static final int RECEIVE = 0;
    private static final int TRANSMIT = 1;
    private static final long TO_RING = 1L << 48;
    private static final long OUTSIDE = 2L << 48;
    private static final int WAITING = 20;
    private static final int PASSED = 8;

    /** The flags of a used descriptor while the wrap counter is 1. */
    private static final int USED = 1 << 7 | 1 << 15;

    /** The notes of the second of two rings, in words from the beginning of the file. */
    private static final int NOTES_OF_TRANSMIT =
            (RingRecords.HEADER_BYTES + 2 * RingRecords.RING_BYTES + RingRecord.NOTES_BYTES) / Long.BYTES;

    @TempDir
    private Path folder;

    private final FrameFactory frames = new FrameFactory(B_MAC, A_MAC, 0);
    private final TrafficChecker checker = new TrafficChecker(B_MAC, 1);
    private long socketKey;
    private @Nullable Guests running;

    @BeforeEach
    void prepare() throws IOException {
        Files.createDirectory(folder.resolve("state"));
        socketKey = StateFolder.key(socket("b").toString());
    }

    private Path socket(String name) {
        return folder.resolve(name + ".sock");
    }

    private TestBackend start() {
        StateFolder state = new StateFolder(folder.resolve("state"), Duration.ofMinutes(1));
        TestBackend backend = new TestBackend(state);
        state.expectPorts(2);
        backend.open(VhostUserOptions.server("a", socket("a")));
        backend.open(VhostUserOptions.server("b", socket("b")));
        return backend;
    }

    private static GuestOptions options(boolean packed) {
        return packed ? PATIENT.withFeatures(GuestOptions.LINUX_FEATURES | VirtioFeature.RING_PACKED) : PATIENT;
    }

    /** Two guests, of which a sends to b. */
    private record Guests(SimulatedGuest a, SimulatedGuest b) implements AutoCloseable {

        static Guests connect(RingRecordsTest test, boolean packed) {
            return new Guests(
                    SimulatedGuest.connect(test.socket("a"), options(packed)),
                    SimulatedGuest.connect(test.socket("b"), options(packed)));
        }

        @Override
        public void close() {
            a.close();
            b.close();
        }
    }

    private void offer(SimulatedGuest from, int count) {
        DriverTransmitQueue queue = from.transmitQueue(0);
        for (int i = 0; i < count; i++) {
            frames.write(queue.reserve(), 100);
            queue.submit(100);
        }
        queue.flush();
    }

    private void awaitFrames(Guests guests, long wanted) {
        DriverReceiveQueue queue = guests.b.receiveQueue(0);
        TestBackend.await("frame " + wanted, () -> {
            queue.receive(checker, 64);
            return checker.frames() >= wanted;
        });
    }

    private void awaitGivenBack(Guests guests) {
        DriverTransmitQueue queue = guests.a.transmitQueue(0);
        TestBackend.await("all buffers", () -> {
            queue.reclaim();
            return queue.outstanding() == 0;
        });
    }

    /** Sends, ends the back-end, offers more, changes the records, and goes on with another back-end. */
    private void restart(boolean packed, int before, Consumer<Records> change, Consumer<Guests> then) {
        TestBackend first = start();
        try (Guests guests = Guests.connect(this, packed)) {
            try (first) {
                for (int left = before; left > 0; left -= 50) {
                    offer(guests.a, Math.min(left, 50));
                    awaitFrames(guests, frames.sequence());
                }
                awaitGivenBack(guests);
            }
            offer(guests.a, WAITING);
            running = guests;
            change.accept(new Records(folder.resolve("state"), socketKey));
            try (TestBackend _ = start()) {
                guests.a.reconnectWithoutPackedBases(socket("a"));
                guests.b.reconnectWithoutPackedBases(socket("b"));
                then.accept(guests);
                assertTrue(checker.duplicated() + checker.corrupted() + checker.reordered() == 0, checker::toString);
            }
        }
    }

    /** The files of both ports, changed as a process would have left them that died somewhere else. */
    private record Records(Path folder, long keyOfB) {

        private Path file(String port) {
            long key = port.equals("b") ? keyOfB : StateFolder.key(socket(port));
            return folder.resolve(String.format("%016x.rings", key));
        }

        private String socket(String port) {
            return folder.resolveSibling(port + ".sock").toString();
        }

        long word(String port, int ring, int offset) {
            try (FileChannel channel = FileChannel.open(file(port))) {
                ByteBuffer word = ByteBuffer.allocate(8).order(ByteOrder.nativeOrder());
                channel.read(word, at(ring, offset));
                return word.getLong(0);
            } catch (IOException e) {
                throw new AssertionError(e);
            }
        }

        /** A word of the whole file. */
        void word(String port, int index, long value) {
            write(port, (long) Long.BYTES * index, value);
        }

        void word(String port, int ring, int offset, long value) {
            write(port, at(ring, offset), value);
        }

        private void write(String port, long at, long value) {
            try (FileChannel channel = FileChannel.open(file(port), StandardOpenOption.WRITE)) {
                channel.write(
                        ByteBuffer.allocate(8).order(ByteOrder.nativeOrder()).putLong(0, value), at);
            } catch (IOException e) {
                throw new AssertionError(e);
            }
        }

        private static long at(int ring, int offset) {
            return RingRecords.HEADER_BYTES + (long) RingRecords.RING_BYTES * ring + RingRecord.BYTES + offset;
        }

        int position(String port, int ring) {
            return (int) (word(port, ring, 0) >>> 16) & 0xffff;
        }

        /** The process died between noting that a passes on a burst, and giving it back. */
        void intend(long receiver, int receiverFrom, long kind) {
            intend(receiver, receiverFrom, 0, kind);
        }

        private void intend(long receiver, int receiverFrom, long lent, long kind) {
            word("a", TRANSMIT, 16, receiver);
            word("a", TRANSMIT, 24, (receiverFrom & 0xffff) | lent);
            word("a", TRANSMIT, 8, position("a", TRANSMIT) | (long) PASSED << 16 | (long) RECEIVE << 32 | kind);
        }
    }

    /** Longer than the rings, so that wrap counters have changed, too. */
    @ParameterizedTest
    @ValueSource(ints = {100, 300, 700})
    void packedRingGoesOnThoughTheFrontEndTellsWhereItStarted(int before) {
        restart(true, before, records -> {}, guests -> awaitFrames(guests, before + WAITING));
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void burstThatReachedItsReceiverIsGivenBackAndNotSentAgain(boolean packed) {
        restart(
                packed,
                50,
                records -> records.intend(socketKey, records.position("b", RECEIVE) - PASSED, TO_RING),
                guests -> {
                    awaitFrames(guests, 50 + WAITING - PASSED);
                    awaitGivenBack(guests);
                    assertEquals(PASSED, checker.lost(), checker::toString);
                });
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void burstThatDidNotReachItsReceiverIsSent(boolean packed) {
        restart(packed, 50, records -> records.intend(socketKey, records.position("b", RECEIVE), TO_RING), guests -> {
            awaitFrames(guests, 50 + WAITING);
            assertEquals(0, checker.lost(), checker::toString);
        });
    }

    @Test
    void burstThatLeftThroughAnotherKindOfPortIsNotSentAgain() {
        restart(false, 50, records -> records.intend(0, 0, OUTSIDE), guests -> {
            awaitFrames(guests, 50 + WAITING - PASSED);
            awaitGivenBack(guests);
            assertEquals(PASSED, checker.lost(), checker::toString);
        });
    }

    /** Killed with chains lent to a NIC, before the frames taken behind them reached a guest. */
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void chainsThatWereLentBeforeABurstAreNotSentAgainThoughTheBurstIs(boolean packed) {
        Consumer<Records> lent =
                records -> records.intend(socketKey, records.position("b", RECEIVE), 3L << 32, TO_RING);
        restart(packed, 50, lent, guests -> {
            awaitFrames(guests, 50 + WAITING - 3);
            awaitGivenBack(guests);
            assertEquals(3, checker.lost(), checker::toString);
        });
    }

    /** Killed after the first of the lent chains were given back, and before what is left of them was noted. */
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void chainsThatStayLentAfterAPublicationAreNotSentAgain(boolean packed) {
        Consumer<Records> published = records -> {
            records.intend(0, 0, OUTSIDE);
            int to = records.position("a", TRANSMIT);
            records.word("a", TRANSMIT, 0, (to - 5) | (long) to << 16 | (long) PASSED << 48);
            records.word("a", TRANSMIT, 8, (to - 5) | (PASSED + 5L) << 16 | OUTSIDE);
        };
        restart(packed, 50, published, guests -> {
            awaitFrames(guests, 50 + WAITING - PASSED);
            awaitGivenBack(guests);
            assertEquals(PASSED, checker.lost(), checker::toString);
        });
    }

    @Test
    void noteOfAnEarlierBurstMeansNothing() {
        Consumer<Records> stale = records -> {
            records.intend(0, 0, OUTSIDE);
            records.word("a", TRANSMIT, 8, records.word("a", TRANSMIT, 8) - 1);
        };
        restart(false, 50, stale, guests -> {
            awaitFrames(guests, 50 + WAITING);
            assertEquals(0, checker.lost(), checker::toString);
        });
    }

    /** Killed after the positions were noted and before the ring was written. */
    @Test
    void publicationOfAPackedRingThatWasNotMadeIsMadeAgain() {
        Consumer<Records> unpublished = records -> {
            int from = records.position("a", TRANSMIT);
            records.word("a", TRANSMIT, 0, from | (from + 5L) << 16);
        };
        restart(true, 50, unpublished, guests -> {
            awaitFrames(guests, 50 + WAITING);
            assertEquals(0, checker.lost(), checker::toString);
        });
    }

    /** Killed after the second used element was written and before the first one, which would have shown both. */
    @Test
    void publicationOfAPackedRingThatWasBegunIsCompleted() {
        Consumer<Records> begun = records -> {
            RawRing ring = running().a.driver().vrings().get(TRANSMIT).ring();
            int from = records.position("a", TRANSMIT);
            for (int i = 0; i < 2; i++) {
                long id = ring.descriptorFlags(from % 0x8000 + i); // where a split ring has its flags
                records.word("a", NOTES_OF_TRANSMIT + i, (long) ((from % 0x8000) + i) << 49 | id << 32);
            }
            records.word("a", TRANSMIT, 0, from | (from + 2L) << 16 | 2L << 32);
            int second = from % 0x8000 + 1;
            ring.descriptor(second, 0, 0, ring.descriptorFlags(second), USED);
        };
        restart(true, 50, begun, guests -> {
            awaitFrames(guests, 50 + WAITING - 2);
            awaitGivenBack(guests);
            assertEquals(2, checker.lost(), checker::toString);
        });
    }

    private Guests running() {
        return Objects.requireNonNull(running);
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void guestThatBeganAfreshMeanwhileIsServedFromTheBeginning(boolean packed) {
        TestBackend first = start();
        try (Guests guests = Guests.connect(this, packed)) {
            try (first) {
                offer(guests.a, 50);
                awaitFrames(guests, 50);
            }
            guests.a.driver().start(guests.a.features());
            guests.b.driver().start(guests.b.features());
            try (TestBackend _ = start()) {
                guests.a.reconnect(socket("a"));
                guests.b.reconnect(socket("b"));
                offer(guests.a, 50);
                awaitFrames(guests, 100);
            }
        }
    }

    @Test
    void recordsGoWithTheRingsThatTheirFrontEndsStopped() throws IOException {
        try (TestBackend backend = start();
                Guests guests = Guests.connect(this, false)) {
            guests.a.shutdown();
            backend.closePorts();
            assertFalse(Files.exists(new Records(folder.resolve("state"), socketKey).file("a")));
            assertTrue(Files.exists(new Records(folder.resolve("state"), socketKey).file("b")), "b counts on its ring");
        }
        try (Stream<Path> left = Files.list(folder.resolve("state"))) {
            assertEquals(1, left.count());
        }
    }

    @Test
    void damagedFileIsReplaced() throws IOException {
        try (TestBackend backend = start()) {
            backend.closePorts();
        }
        Path file = new Records(folder.resolve("state"), socketKey).file("b");
        Files.write(file, new byte[5_000]);
        restart(false, 20, records -> {}, guests -> awaitFrames(guests, 20 + WAITING));
    }

    @Test
    void secondBackEndAtTheSameSocketKeepsNoRecords() {
        try (TestBackend backend = start()) {
            StateFolder other = new StateFolder(folder.resolve("state"), Duration.ZERO);
            try (RingRecords records = other.open(VhostUserOptions.server("b", socket("b")))) {
                assertFalse(records.isAnyLeft());
                assertEquals(0, records.passedChains().length);
            }
            backend.awaitControl();
        }
    }
}
