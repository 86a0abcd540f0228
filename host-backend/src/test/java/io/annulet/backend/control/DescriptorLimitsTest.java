package io.annulet.backend.control;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.annulet.guest.Payloads;
import io.annulet.linux.EventFd;
import io.annulet.linux.Fd;
import io.annulet.linux.FileDescriptors;
import io.annulet.linux.Limits;
import io.annulet.vhostuser.VhostUserRequest;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.Pipe;
import org.junit.jupiter.api.Test;

/** How many descriptors a front-end may send, of which kind, and what happens when there is no room for them. */
final class DescriptorLimitsTest extends ControlTest {

    private static final ControlLimits FEW = ControlLimits.DEFAULTS.withDescriptors(4);

    @Test
    void aSessionHoldsOnlySoManyDescriptors() {
        GuestEndpoint frugal = backend.open(options("frugal"), FEW);
        try (TestSession session = TestSession.withMemory(backend, frugal)) {
            session.assertAccepts(VhostUserRequest.SET_VRING_CALL, Payloads.u64(0), session.eventFd());
            session.assertAccepts(VhostUserRequest.SET_VRING_CALL, Payloads.u64(1), session.eventFd());
            session.assertRefuses(VhostUserRequest.SET_VRING_CALL, Payloads.u64(2), session.eventFd());
            session.assertAccepts(VhostUserRequest.SET_VRING_CALL, Payloads.u64(0x100));
            session.assertAccepts(VhostUserRequest.SET_VRING_CALL, Payloads.u64(2), session.eventFd());
        }
    }

    @Test
    void aMessageWhoseDescriptorsDoNotFitIntoTheProcessIsRefusedAndOthersGoOn() {
        GuestEndpoint other = backend.open(options("b"));
        Limits.Limit limit = Limits.openFiles();
        try (TestSession bystander = TestSession.withMemory(backend, other);
                TestSession session = negotiated()) {
            Fd file = session.ram.regions().get(0).file();
            byte[] table = Payloads.memoryTable(session.ram.regions());
            session.assertAccepts(VhostUserRequest.SET_MEM_TABLE, table, file, file);
            session.status();
            int open = FileDescriptors.openCount();
            Limits.openFiles(lowestLimitWithOneFreeNumber());
            try {
                session.assertRefuses(VhostUserRequest.SET_MEM_TABLE, table, file, file);
            } finally {
                Limits.openFiles(limit.soft());
            }
            assertEquals(open, FileDescriptors.openCount());
            session.assertAccepts(VhostUserRequest.SET_MEM_TABLE, table, file, file);
            bystander.startRing(0);
        }
    }

    private static int lowestLimitWithOneFreeNumber() {
        try (EventFd lowestFree = EventFd.create(true, 0)) {
            return lowestFree.fd().number() + 1;
        }
    }

    @Test
    void callsMayGoToAPipeWhichIsOpenedAgainSoThatItNeverBlocks() throws IOException {
        Pipe pipe = Pipe.open();
        try (TestSession session = withMemory();
                Pipe.SourceChannel calls = pipe.source();
                Pipe.SinkChannel sink = pipe.sink()) {
            assertTrue(sink.isOpen());
            Fd end = Proc.lastPipe();
            session.keep(end);
            session.startRing(0);
            session.assertAccepts(VhostUserRequest.SET_VRING_CALL, Payloads.u64(0), end);
            assertEquals(Long.BYTES, calls.read(ByteBuffer.allocate(64)));
            session.assertRefuses(VhostUserRequest.SET_VRING_KICK, Payloads.u64(0), end);
        }
    }

    @Test
    void aDescriptorBudgetIsEnoughForAllSlotsAndAllRings() {
        int needed = 509 + 3 * 2 * VhostUserOptions.MAX_QUEUE_PAIRS + 1;
        assertTrue(ControlLimits.DEFAULTS.descriptors() >= needed);
    }
}
