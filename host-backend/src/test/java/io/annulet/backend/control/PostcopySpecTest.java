package io.annulet.backend.control;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.annulet.guest.DriverReceiveQueue;
import io.annulet.guest.DriverTransmitQueue;
import io.annulet.guest.DriverVring;
import io.annulet.guest.FrameFactory;
import io.annulet.guest.GuestOptions;
import io.annulet.guest.Payloads;
import io.annulet.guest.SimulatedGuest;
import io.annulet.guest.TrafficChecker;
import io.annulet.linux.LinuxException;
import io.annulet.linux.UserFaults;
import io.annulet.vhostuser.MessageLayout;
import io.annulet.vhostuser.VhostUserRequest;
import io.annulet.vhostuser.VirtioFeature;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * vhost-user, QEMU 10, "Front-end message types" and "Migration": a guest arrives before its memory. What a page that is
 * missing holds up is its queue, and nothing else.
 */
@Timeout(60)
final class PostcopySpecTest {

    private static final long A_MAC = 0x02_00_00_00_10_01L;
    private static final long B_MAC = 0x02_00_00_00_10_02L;
    private static final int FRAMES = 40;

    @TempDir
    private Path folder;

    private final TestBackend backend = new TestBackend();
    private final FrameFactory fromA = new FrameFactory(B_MAC, A_MAC, 0);
    private final TrafficChecker atB = new TrafficChecker(B_MAC, 1);

    @BeforeEach
    void open() {
        try {
            UserFaults.open().close();
        } catch (LinuxException e) {
            assumeTrue(false, e.getMessage());
        }
        backend.open(VhostUserOptions.server("a", socket("a")).withPostcopy());
        backend.open(VhostUserOptions.server("b", socket("b")));
    }

    @AfterEach
    void close() {
        backend.close();
    }

    private Path socket(String name) {
        return folder.resolve(name + ".sock");
    }

    private SimulatedGuest guest(String name) {
        return SimulatedGuest.connect(socket(name), GuestOptions.DEFAULTS.withTimeoutNanos(30_000_000_000L));
    }

    private void prepare(DriverTransmitQueue queue, FrameFactory frames, int count) {
        for (int i = 0; i < count; i++) {
            int byteLength = 60 + (int) (frames.sequence() * 97 % 1400);
            frames.write(queue.reserve(), byteLength);
            queue.submit(byteLength);
        }
        queue.flush();
    }

    @ParameterizedTest
    @CsvSource({"false,true", "false,false", "true,true", "true,false"})
    void framesComeAndGoAsTheirPagesCome(boolean packed, boolean table) {
        long features = GuestOptions.LINUX_FEATURES | (packed ? VirtioFeature.RING_PACKED : 0);
        FrameFactory fromB = new FrameFactory(A_MAC, B_MAC, 0);
        TrafficChecker atA = new TrafficChecker(A_MAC, 1);
        try (SimulatedGuest b = guest("b");
                ArrivingGuest a = new ArrivingGuest(socket("a"), features)) {
            DriverTransmitQueue sender = a.driver.transmitQueue(0);
            DriverReceiveQueue receiver = a.driver.receiveQueue(0);
            prepare(sender, fromA, FRAMES);
            a.arrive(table);
            int[] brought = {0};
            TestBackend.await("the frames of the guest that arrives", () -> {
                brought[0] += a.bring();
                b.receiveQueue(0).receive(atB, 64);
                return atB.frames() == FRAMES;
            });
            assertTrue(brought[0] > 0, "no page was asked for");
            assertTrue(atB.isClean(), atB::toString);
            DriverTransmitQueue back = b.transmitQueue(0);
            TestBackend.await("frames in pages that came", () -> {
                prepare(back, fromB, 1);
                TestBackend.await("the frame to be taken", () -> {
                    a.bring();
                    back.reclaim();
                    return back.outstanding() == 0;
                });
                return backend.counter("a out.frames") >= FRAMES;
            });
            a.bringRest();
            a.migration.postcopyEnd();
            receiver.receive(atA, 64);
            assertEquals(FRAMES, atA.frames(), atA::toString);
            long before = fromB.sequence();
            prepare(back, fromB, 20);
            prepare(sender, fromA, 20);
            TestBackend.await("frames after all memory has come", () -> {
                receiver.receive(atA, 64);
                b.receiveQueue(0).receive(atB, 64);
                sender.reclaim();
                return atB.frames() == FRAMES + 20 && atA.nextSequence(0) == before + 20;
            });
            assertEquals(0, atA.corrupted() + atA.duplicated() + atA.reordered() + atA.misdelivered(), atA::toString);
            assertTrue(atB.isClean(), atB::toString);
            assertEquals(0, sender.violations().total() + receiver.violations().total());
            assertEquals(0, backend.counter("a rings.broken"));
        }
        awaitNoThread();
    }

    /** Neither another guest, nor the end of the session, nor that of the back-end waits for it. */
    @Test
    void aPageThatNeverComesHoldsUpItsQueueOnly() {
        GuestEndpoint c = backend.open(VhostUserOptions.server("c", socket("c")));
        FrameFactory fromC = new FrameFactory(B_MAC, A_MAC + 16, 0);
        TrafficChecker again = new TrafficChecker(B_MAC, 1);
        try (SimulatedGuest b = guest("b");
                SimulatedGuest other = SimulatedGuest.connect(c.options().socket(), GuestOptions.DEFAULTS);
                ArrivingGuest a = new ArrivingGuest(socket("a"))) {
            DriverTransmitQueue sender = a.driver.transmitQueue(0);
            long first = sender.reserve();
            fromA.write(first, 60);
            sender.submit(60);
            sender.flush();
            a.withhold(first);
            a.arrive(false);
            TestBackend.await("the question", () -> {
                a.bring();
                return a.sawWithheld();
            });
            prepare(other.transmitQueue(0), fromC, FRAMES);
            TestBackend.await("frames of others", () -> {
                a.bring();
                b.receiveQueue(0).receive(again, 64);
                return again.frames() == FRAMES;
            });
            assertTrue(again.isClean(), again::toString);
            System.gc(); // a thread that waited in Java code would stop this one here
        }
        backend.closePorts();
        awaitNoThread();
    }

    /** Workers go by a mapping whose faults nobody is told of. */
    @Test
    void whatIsTakenAwayAgainHoldsNobodyUp() {
        GuestEndpoint c = backend.open(VhostUserOptions.server("c", socket("c")));
        FrameFactory fromC = new FrameFactory(B_MAC, A_MAC + 16, 0);
        TrafficChecker again = new TrafficChecker(B_MAC, 1);
        try (SimulatedGuest b = guest("b");
                SimulatedGuest other = SimulatedGuest.connect(c.options().socket(), GuestOptions.DEFAULTS);
                ArrivingGuest a = new ArrivingGuest(socket("a"))) {
            prepare(a.driver.transmitQueue(0), fromA, FRAMES);
            a.arrive(true);
            TestBackend.await("the frames of the guest that arrives", () -> {
                a.bring();
                b.receiveQueue(0).receive(atB, 64);
                return atB.frames() == FRAMES;
            });
            a.depart();
            a.driver.vrings().forEach(DriverVring::kick);
            prepare(other.transmitQueue(0), fromC, FRAMES);
            TestBackend.await("frames of others", () -> {
                b.receiveQueue(0).receive(again, 64);
                return again.frames() >= FRAMES;
            });
            System.gc();
        }
        backend.closePorts();
        awaitNoThread();
    }

    private static void awaitNoThread() {
        TestBackend.await(
                "the end of who waits for pages",
                () -> Thread.getAllStackTraces().keySet().stream()
                        .noneMatch(thread -> thread.getName().equals("populate-a")));
    }

    @Test
    void messagesOutOfOrderAreRefused() {
        try (ArrivingGuest a = new ArrivingGuest(socket("a"))) {
            a.frontEnd.send(
                    VhostUserRequest.POSTCOPY_LISTEN.id(),
                    MessageLayout.VERSION | MessageLayout.FLAG_NEED_REPLY,
                    new byte[0]);
            assertThrows(AssertionError.class, () -> {
                try (var reply = a.frontEnd.receive(TestBackend.TIMEOUT_NANOS)) {
                    assertEquals(0, reply == null ? -1 : reply.payload().getLong());
                }
            });
            assertCloses(a, VhostUserRequest.POSTCOPY_END);
        }
        try (ArrivingGuest a = new ArrivingGuest(socket("a"))) {
            a.migration.postcopyAdvise().close();
            assertCloses(a, VhostUserRequest.POSTCOPY_ADVISE);
        }
        try (ArrivingGuest a = new ArrivingGuest(socket("a"))) {
            a.migration.postcopyAdvise().close();
            assertCloses(a, VhostUserRequest.POSTCOPY_END);
        }
        try (ArrivingGuest a = new ArrivingGuest(socket("a"))) {
            a.migration.postcopyAdvise().close();
            a.frontEnd.setMemTable(a.regions());
            assertCloses(a, VhostUserRequest.POSTCOPY_LISTEN);
        }
    }

    private static void assertCloses(ArrivingGuest guest, VhostUserRequest request) {
        guest.frontEnd.send(request.id(), MessageLayout.VERSION, new byte[0]);
        assertTrue(guest.frontEnd.awaitClosed(TestBackend.TIMEOUT_NANOS), () -> "the session ends by " + request);
    }

    @Test
    void whereATableRaisesFaultsIsAcknowledgedBeforeAnythingElse() {
        try (ArrivingGuest a = new ArrivingGuest(socket("a"))) {
            a.adviseAndListen();
            a.tellTable();
            assertCloses(a, VhostUserRequest.GET_FEATURES);
        }
        try (ArrivingGuest a = new ArrivingGuest(socket("a"))) {
            a.adviseAndListen();
            a.tellTable();
            a.acknowledge(VhostUserRequest.SET_MEM_TABLE, Payloads.u64(1));
            assertTrue(a.frontEnd.awaitClosed(TestBackend.TIMEOUT_NANOS), "the session ends");
        }
        try (ArrivingGuest a = new ArrivingGuest(socket("a"))) {
            a.adviseAndListen();
            a.tellTable();
            a.acknowledge(VhostUserRequest.SET_MEM_TABLE, Payloads.nothing());
            a.acknowledge(VhostUserRequest.SET_MEM_TABLE, Payloads.nothing());
            assertTrue(a.frontEnd.awaitClosed(TestBackend.TIMEOUT_NANOS), "the session ends");
        }
    }

    @Test
    void aGuestThatArrivesCannotBeHandedOver() {
        GuestEndpoint port =
                backend.open(VhostUserOptions.server("d", socket("d")).withPostcopy());
        assertFalse(port.handover().isGuestArriving().join());
        try (ArrivingGuest d = new ArrivingGuest(socket("d"))) {
            d.adviseAndListen();
            d.frontEnd.getFeatures();
            assertTrue(port.handover().isGuestArriving().join());
            d.migration.postcopyEnd();
            assertFalse(port.handover().isGuestArriving().join());
            d.migration.postcopyAdvise().close();
            d.frontEnd.setMemTable(d.regions()); // it came whole
            d.frontEnd.getFeatures();
            assertFalse(port.handover().isGuestArriving().join());
        }
    }
}
